using Sere.Training;
using Xunit;

namespace Sere.Tests.Training;

public sealed class LearningRateScheduleTests
{
    private const double Peak = 0.02;

    [Fact]
    public void The_rate_rises_linearly_to_its_peak_in_the_warm_up()
    {
        var schedule = new LearningRateSchedule { WarmUp = 0.1, Decay = ScheduleDecay.None };
        for (int step = 0; step < 20; step++)
        {
            Assert.Equal(Peak * Math.Min(1, (step + 1) / 10.0), Rate(schedule, step, 100), 1e-15);
        }
    }

    [Fact]
    public void The_rate_falls_by_half_a_cosine_to_its_final_fraction()
    {
        var schedule = new LearningRateSchedule { WarmUp = 0.2, Decay = ScheduleDecay.Cosine, FinalFraction = 0.1 };
        Assert.Equal(Peak, Rate(schedule, 200, 1000), 1e-15);
        Assert.Equal(Peak * (0.1 + (0.9 * 0.5)), Rate(schedule, 600, 1000), 1e-15);
        Assert.Equal(Peak * (0.1 + (0.9 * 0.5 * (1 + Math.Sqrt(0.5)))), Rate(schedule, 400, 1000), 1e-15);
        Assert.Equal(Peak * 0.1, Rate(schedule, 1000, 1000), 1e-15);
        Assert.InRange(Rate(schedule, 999, 1000), Peak * 0.1, Peak * 0.10001);
        double[] rates = [.. Enumerable.Range(200, 800).Select(step => Rate(schedule, step, 1000))];
        Assert.Equal(rates.OrderDescending(), rates);
    }

    [Fact]
    public void Without_warm_up_and_decay_the_rate_is_the_peak()
    {
        var schedule = new LearningRateSchedule { Decay = ScheduleDecay.None };
        Assert.All(Enumerable.Range(0, 50), step => Assert.Equal(Peak, Rate(schedule, step, 50)));
    }

    [Fact]
    public void A_warm_up_that_is_the_whole_run_ends_at_the_peak()
    {
        var schedule = new LearningRateSchedule { WarmUp = 1 };
        Assert.Equal(Peak / 8, Rate(schedule, 0, 8), 1e-15);
        Assert.Equal(Peak, Rate(schedule, 7, 8), 1e-15);
    }

    [Fact]
    public void A_longer_run_stretches_the_whole_schedule()
    {
        var schedule = new LearningRateSchedule { WarmUp = 0.25, FinalFraction = 0.05 };
        for (int step = 3; step <= 12; step++)
        {
            Assert.Equal(Rate(schedule, step, 12), Rate(schedule, 10 * step, 120), 1e-15);
        }

        // The warm-up counts the step that is taken: its ends agree.
        Assert.Equal(Rate(schedule, 2, 12), Rate(schedule, 29, 120), 1e-15);
        Assert.Equal(Peak / 30, Rate(schedule, 0, 120), 1e-15);
    }

    [Fact]
    public void The_rate_is_a_function_of_the_step_alone()
    {
        var schedule = new LearningRateSchedule { WarmUp = 0.1 };
        double[] forwards = [.. Enumerable.Range(0, 40).Select(step => Rate(schedule, step, 40))];
        double[] backwards = [.. Enumerable.Range(0, 40).Reverse().Select(step => Rate(schedule, step, 40)).Reverse()];
        Assert.Equal(forwards, backwards);
    }

    private static double Rate(LearningRateSchedule schedule, long step, long totalSteps) =>
        schedule.Rate(Peak, step, totalSteps);
}
