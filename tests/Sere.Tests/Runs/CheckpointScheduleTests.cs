using Sere.Runs;
using Sere.Training;
using Xunit;

namespace Sere.Tests.Runs;

public sealed class CheckpointScheduleTests
{
    [Fact]
    public void Epochs_are_counted_from_the_first()
    {
        var schedule = Schedule(new CheckpointTimes { EveryEpochs = 3, EveryMinutes = null });
        Assert.Equal([3, 6, 9], Enumerable.Range(1, 10).Where(schedule.IsDueAfter));
    }

    [Fact]
    public void Minutes_are_counted_from_the_last_checkpoint_of_any_kind()
    {
        // A minute passes with each look.
        var schedule = Schedule(new CheckpointTimes { EveryEpochs = 100, EveryMinutes = 2.5 });
        Assert.Equal([false, false, true, true], Enumerable.Range(0, 4).Select(_ => schedule.IsDue));
        schedule.Saved();
        Assert.Equal([false, false, true], Enumerable.Range(1, 3).Select(schedule.IsDueAfter));
    }

    private static CheckpointSchedule Schedule(CheckpointTimes configuration) =>
        new(configuration, new SteppingClock(TimeSpan.FromMinutes(1)));
}
