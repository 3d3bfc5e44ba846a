using Sere.Data;
using Sere.Runs.Comparison;
using Sere.Runs.Configuration;
using Sere.Tests.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Runs.Comparison;

public sealed class StepTimesTests : FolderTests
{
    [Fact]
    public void Rows_take_turns_and_are_divided_by_the_reference()
    {
        PlannedRow[] rows = [Row("one", samples: 1), Row("many", samples: 2000)];
        var times = StepTimes.Measure(
            rows, rows[0], TinyExperiment.Images(20), rounds: 9, torch.CPU, TestContext.Current.CancellationToken);
        Assert.Equal(9, times.Rounds);
        Assert.Equal(1, times.Relative["one"]);

        // Two thousand times the work: even a busy machine shows it.
        Assert.True(times.Relative["many"] > 2, $"{times.Relative["many"]}");
        Assert.All(times.Milliseconds.Values, time => Assert.True(time > 0));
        Assert.True(times.OtherCores is null or >= 0);

        times.Write(_folder.File("times.json"));
        var kept = StepTimes.Read(_folder.File("times.json"), ["one", "many"], torch.CPU)!;
        Assert.Equal(times.Relative, kept.Relative);
        Assert.Null(StepTimes.Read(_folder.File("times.json"), ["one", "other"], torch.CPU));
        File.WriteAllText(_folder.File("times.json"), "{");
        Assert.Null(StepTimes.Read(_folder.File("times.json"), ["one"], torch.CPU));
    }

    // Before, the steps took x / 1, whose square is no float32: they were skipped, and then "training diverged".
    [Fact]
    public void Steps_are_timed_on_data_as_the_run_brings_them_to_its_model()
    {
        var configuration = ConfigurationOverrides.Apply(
            Presets.Load("toy-spline-flow"),
            [
                "model.flow={\"kind\":\"maf\",\"steps\":1,\"network\":{\"kind\":\"mlp\",\"hidden\":[4]}}",
                "model.preprocessing.kind=standardize",
                "training.maximumSkippedSteps=0",
            ]);
        PlannedRow[] rows = [new PlannedRow("flow", configuration, Baseline: null)];
        var large = new ImageSet(
            TinyExperiment.Shape, [.. Enumerable.Range(0, 20 * 16).Select(i => 1e19f * (1 + (0.01f * (i * 7 % 31))))]);
        var times = StepTimes.Measure(rows, rows[0], large, rounds: 1, torch.CPU, TestContext.Current.CancellationToken);
        Assert.True(times.Milliseconds["flow"] > 0);
    }

    [Fact]
    public void Timing_stops_when_it_is_asked_to()
    {
        PlannedRow[] rows = [Row("one", samples: 1)];
        Assert.Throws<OperationCanceledException>(() => StepTimes.Measure(
            rows, rows[0], TinyExperiment.Images(20), rounds: 9, torch.CPU, new CancellationToken(canceled: true)));
    }

    private static PlannedRow Row(string name, int samples) => new(
        name,
        ConfigurationOverrides.Apply(TinyExperiment.Configuration, [$"training.importanceSamples={samples}"]),
        Baseline: null);
}
