using Sere.Runs;
using Xunit;

namespace Sere.Tests.Runs;

public sealed class TensorBoardLogTests : FolderTests
{
    private readonly FixedTime _time = new() { Now = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_250) };

    private string Root => _folder.File("tensorboard");

    [Fact]
    public void A_session_begins_with_the_version_of_its_format_and_its_first_step()
    {
        Open(firstStep: 41).Dispose();
        var events = EventFile.Read(Path.Combine(Root, "events.out.tfevents.1700000000.0001"));
        Assert.Equal(
            [
                new LoggedEvent(1_700_000_000.25, 0, "brain.Event:2", null, null),
                new LoggedEvent(1_700_000_000.25, 41, null, LoggedEvent.Start, null),
            ],
            events);
    }

    [Fact]
    public void Every_value_of_an_epoch_is_read_back_under_its_tag()
    {
        using (var log = Open())
        {
            _time.Now = _time.Now.AddSeconds(7);
            log.Write(Metrics(step: 30));
            log.Write(Metrics(step: long.MaxValue));
        }

        var events = EventFile.Read(SingleFile());
        Assert.Equal([0, 1, 30, long.MaxValue], events.Select(one => one.Step));
        Assert.Equal(1_700_000_007.25, events[2].WallTime);
        Assert.Equal(
            new Dictionary<string, float>
            {
                ["elbo/train"] = -100.5f,
                ["elbo/validation"] = -99.5f,
                ["elbo/log_likelihood_term"] = -90,
                ["kl/total"] = 10.5f,
                ["kl/layer_01"] = 10,
                ["kl/layer_02"] = 0.5f,
                ["training/beta"] = 0.25f,
                ["training/learning_rate"] = 0.001f,
                ["training/gradient_norm"] = 3,
                ["training/skipped_steps"] = 2,
                ["training/images_per_second"] = 4000,
            },
            events[2].Scalars);
        Assert.Equal(events[2].Scalars, events[3].Scalars);
    }

    [Fact]
    public void Values_that_are_zero_or_not_finite_are_written_as_they_are()
    {
        using (var log = Open())
        {
            log.Write(Metrics(step: 1) with
            {
                Elbo = double.NaN,
                ValidationElbo = double.NegativeInfinity,
                GradientNorm = double.PositiveInfinity,
                KlPerLayer = [0, double.NaN],
            });
        }

        var scalars = EventFile.Read(SingleFile())[2].Scalars!;
        Assert.Equal(float.NaN, scalars["elbo/train"]);
        Assert.Equal(float.NegativeInfinity, scalars["elbo/validation"]);
        Assert.Equal(float.PositiveInfinity, scalars["training/gradient_norm"]);
        Assert.Equal(0, scalars["kl/layer_01"]);
        Assert.Equal(float.NaN, scalars["kl/total"]);
    }

    [Fact]
    public void An_epoch_can_be_read_while_the_file_is_open_and_the_file_is_opened_once()
    {
        using var log = Open();
        log.Write(Metrics(step: 1));
        string moved = _folder.File("moved");
        File.Move(SingleFile(), moved);
        Assert.Equal(3, EventFile.Read(moved).Count);

        // Who opened the file again by its name would write to another one now.
        log.Write(Metrics(step: 2));
        Assert.Equal(4, EventFile.Read(moved).Count);
        Assert.Empty(Directory.GetFiles(Root));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(-3600)]
    public void A_later_session_is_read_after_an_earlier_one_whatever_the_clock_says(int seconds)
    {
        Open(firstStep: 1).Dispose();
        File.WriteAllText(Path.Combine(Root, "events.out.tfevents.1699999999.elsewhere"), "");
        _time.Now = _time.Now.AddSeconds(seconds);
        Open(firstStep: 2).Dispose();
        Open(firstStep: 3).Dispose();
        Assert.Equal(
            [1, 2, 3],
            Directory.GetFiles(Root).Order(StringComparer.Ordinal).Skip(1).Select(path => EventFile.Read(path)[1].Step));
    }

    [Fact]
    public void Any_byte_that_is_changed_is_detected_by_a_checksum()
    {
        using (var log = Open())
        {
            log.Write(Metrics(step: 1));
        }

        byte[] sound = File.ReadAllBytes(SingleFile());
        Assert.Equal(3, EventFile.Records(sound).Count());
        for (int place = 0; place < sound.Length; place++)
        {
            byte[] damaged = [.. sound];
            damaged[place] ^= (byte)(1 << (place % 8));
            Assert.Throws<InvalidDataException>(() => EventFile.Records(damaged).Count());
        }
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_named()
    {
        File.WriteAllText(Root, "in the way");
        string message = Assert.Throws<SereException>(() => Open()).Message;
        Assert.Contains($"'{Root}'", message, StringComparison.Ordinal);
        Assert.Contains("cannot be written", message, StringComparison.Ordinal);
    }

    private TensorBoardLog Open(long firstStep = 1) => new(Root, firstStep, _time);

    private string SingleFile() => Assert.Single(Directory.GetFiles(Root));

    private static RunMetrics Metrics(long step) => new()
    {
        Step = step,
        Epoch = 3,
        Beta = 0.25,
        LearningRate = 0.001,
        Elbo = -100.5,
        LogLikelihoodTerm = -90,
        KlPerLayer = [10, 0.5],
        GradientNorm = 3,
        SkippedSteps = 2,
        ImagesPerSecond = 4000,
        ValidationElbo = -99.5,
        Seconds = 12,
    };
}
