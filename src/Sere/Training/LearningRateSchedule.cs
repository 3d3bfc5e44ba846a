using Sere.Models.Configuration;

namespace Sere.Training;

/// <summary>The learning rate as a pure function of the progress of the run, in [0, 1].</summary>
public static class LearningRateSchedule
{
    /// <summary>
    /// The learning rate of a step: a linear rise over the warm-up fraction, then a half cosine from the peak to its final
    /// fraction at the end of the run, or the peak throughout.
    /// </summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="peak">The peak rate.</param>
    /// <param name="step">The step, from 0.</param>
    /// <param name="totalSteps">Steps of the whole run.</param>
    public static double Rate(ScheduleConfiguration schedule, double peak, long step, long totalSteps)
    {
        ArgumentNullException.ThrowIfNull(schedule);
        double progress = (double)step / totalSteps;
        if (progress < schedule.WarmUp)
        {
            return peak * (step + 1) / Math.Ceiling(schedule.WarmUp * totalSteps);
        }

        if (schedule.Decay == ScheduleDecay.None)
        {
            return peak;
        }

        double decayed = schedule.WarmUp >= 1 ? 0 : (progress - schedule.WarmUp) / (1 - schedule.WarmUp);
        double cosine = 0.5 * (1 + Math.Cos(Math.PI * decayed));
        return peak * (schedule.FinalFraction + ((1 - schedule.FinalFraction) * cosine));
    }
}

/// <summary>The weight beta of the Kullback-Leibler divergence during training.</summary>
public static class KlAnnealing
{
    /// <summary>beta = s0 + (1 - s0) t / W for progress t below the fraction W of the run, else 1.</summary>
    /// <param name="annealing">s0 and W.</param>
    /// <param name="step">The step, from 0.</param>
    /// <param name="totalSteps">Steps of the whole run.</param>
    public static double Beta(AnnealingConfiguration annealing, long step, long totalSteps)
    {
        ArgumentNullException.ThrowIfNull(annealing);
        double progress = (double)step / totalSteps;
        return progress < annealing.Fraction
            ? annealing.Start + ((1 - annealing.Start) * progress / annealing.Fraction)
            : 1;
    }
}
