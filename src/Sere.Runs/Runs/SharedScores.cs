using Sere.Data;
using Sere.Distributed;
using Sere.Evaluation;

namespace Sere.Runs;

/// <summary>
/// What a model says of images that several processes share: each has neighbours of them, and all get what is said of
/// all, which is what one process by itself says.
/// </summary>
internal sealed class SharedScores(TrainedModel model, ImageSet images, ProcessGroup group)
{
    // Whose maps are in memory once more.
    private const int ImagesAtOnce = 4096;

    // Features of a network are computed of so many images at once, which may round otherwise in other company.
    private readonly (int First, int Count) _share = group.Share(images.Count, NormalImages.FeaturesAtOnce);

    private ImageSet Mine => images.Slice(_share.First, _share.Count);

    /// <summary>As <see cref="TrainedModel.Score"/>.</summary>
    public ImageLikelihoods Score(EvaluationOptions options, Action<int, int> onImages, CancellationToken cancellation)
    {
        var mine = model.Score(Mine, options, done => onImages(done, _share.Count), cancellation);
        if (group.Count == 1)
        {
            return mine;
        }

        var all = ImageLikelihoods.Join(
        [
            ImageLikelihoods.Zeros(_share.First),
            mine,
            ImageLikelihoods.Zeros(images.Count - _share.First - _share.Count),
        ]);
        all.Merge(group, cancellation);
        return all;
    }

    /// <summary>As <see cref="TrainedModel.Verdict"/>.</summary>
    public IReadOnlyList<ImageVerdict> Verdict(
        double falsePositiveRate, Action<int, int> onImages, CancellationToken cancellation)
    {
        var mine = model.Verdict(
            Mine, falsePositiveRate, new ImageCount(done => onImages(done, _share.Count)), cancellation);
        if (group.Count == 1)
        {
            return mine;
        }

        var all = new List<ImageVerdict>(images.Count);
        var names = model.Normal.Names;
        int places = model.Shape.Height * model.Shape.Width;
        int length = 3 + places + names.Count;
        while (all.Count < images.Count)
        {
            int first = all.Count;
            int count = Math.Min(ImagesAtOnce, images.Count - first);
            double[] numbers = new double[count * length];
            int end = Math.Min(first + count, _share.First + _share.Count);
            for (int image = Math.Max(first, _share.First); image < end; image++)
            {
                Numbers(mine[image - _share.First]).CopyTo(numbers, (image - first) * length);
            }

            group.Sum<double>(numbers, cancellation);
            all.AddRange(numbers.Chunk(length).Select((row, image) => new ImageVerdict(
                images.Names?[first + image] ?? $"{first + image}",
                row[0],
                row[1],
                row[2] != 0,
                new SurpriseMap(
                    model.Shape.Height,
                    model.Shape.Width,
                    Array.ConvertAll(row[3..(3 + places)], value => (float)value)),
                new OrderedDictionary<string, double>(
                    names.Zip(row[(3 + places)..], KeyValuePair.Create), StringComparer.Ordinal))));
        }

        return all;
    }

    private static double[] Numbers(ImageVerdict verdict) =>
    [
        verdict.Novelty, verdict.Percentile, verdict.IsFlagged ? 1 : 0,
        .. Array.ConvertAll(verdict.Map.Values.ToArray(), value => (double)value), .. verdict.Figures.Values,
    ];

    /// <summary>Told at once, where <see cref="Progress{T}"/> is told by another thread.</summary>
    private sealed class ImageCount(Action<int> onImages) : IProgress<int>
    {
        public void Report(int value) => onImages(value);
    }
}
