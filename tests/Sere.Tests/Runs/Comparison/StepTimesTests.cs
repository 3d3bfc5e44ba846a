using Sere.Models.Configuration;
using Sere.Runs.Comparison;
using Sere.Tests.Training;
using Xunit;

namespace Sere.Tests.Runs.Comparison;

public sealed class StepTimesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Rows_take_turns_and_are_divided_by_the_reference()
    {
        PlannedRow[] rows = [Row("one", samples: 1), Row("many", samples: 2000)];
        var times = StepTimes.Measure(
            rows, rows[0], TinyExperiment.Images(20), rounds: 9, TestContext.Current.CancellationToken);
        Assert.Equal(9, times.Rounds);
        Assert.Equal(1, times.Relative["one"]);

        // Two thousand times the work: even a busy machine shows it.
        Assert.True(times.Relative["many"] > 2, $"{times.Relative["many"]}");
        Assert.All(times.Milliseconds.Values, time => Assert.True(time > 0));
        Assert.True(times.OtherCores is null or >= 0);

        times.Write(_folder.File("times.json"));
        var kept = StepTimes.Read(_folder.File("times.json"), ["one", "many"])!;
        Assert.Equal(times.Relative, kept.Relative);
        Assert.Null(StepTimes.Read(_folder.File("times.json"), ["one", "other"]));
        File.WriteAllText(_folder.File("times.json"), "{");
        Assert.Null(StepTimes.Read(_folder.File("times.json"), ["one"]));
    }

    [Fact]
    public void Timing_stops_when_it_is_asked_to()
    {
        PlannedRow[] rows = [Row("one", samples: 1)];
        Assert.Throws<OperationCanceledException>(() => StepTimes.Measure(
            rows, rows[0], TinyExperiment.Images(20), rounds: 9, new CancellationToken(canceled: true)));
    }

    private static PlannedRow Row(string name, int samples) => new(
        name,
        ConfigurationOverrides.Apply(TinyExperiment.Configuration, [$"training.importanceSamples={samples}"]),
        Baseline: null);
}
