using Sere.Numerics;
using Xunit;

namespace Sere.Tests.Numerics;

public sealed class RandomStreamsTests
{
    [Fact]
    public void Each_part_of_the_place_changes_the_stream()
    {
        var streams = new RandomStreams(1);
        ulong[] keys =
        [
            streams.Key(StreamPurpose.TrainingNoise),
            streams.Key(StreamPurpose.Shuffle),
            streams.Key(StreamPurpose.TrainingNoise, epoch: 1),
            streams.Key(StreamPurpose.TrainingNoise, index: 1),
            streams.Key(StreamPurpose.TrainingNoise, chunk: 1),
            streams.Key(StreamPurpose.TrainingNoise, rank: 1),
            new RandomStreams(2).Key(StreamPurpose.TrainingNoise),
        ];
        Assert.Equal(keys.Length, keys.Distinct().Count());
    }

    [Fact]
    public void A_key_is_pinned_so_that_published_figures_stay_repeatable() =>
        Assert.Equal(6199980595295059354UL, new RandomStreams(1).Key(StreamPurpose.TrainingNoise, 2, 3, 4, 5));
}
