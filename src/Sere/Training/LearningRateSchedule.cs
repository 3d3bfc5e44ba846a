namespace Sere.Training;

/// <summary>
/// The learning rate as a pure function of the progress of the run. Lengths are fractions of the run, so that short and
/// long runs are alike.
/// </summary>
public sealed record LearningRateSchedule : Choice
{
    /// <summary>Fraction of the run in which the rate rises linearly to its peak.</summary>
    [In("[0, 1]")] public double WarmUp { get; init; }

    /// <summary>How the rate falls after that.</summary>
    public ScheduleDecay Decay { get; init; } = ScheduleDecay.Cosine;

    /// <summary>Rate at the end of the decay, as a fraction of the peak.</summary>
    [In("[0, 1]")] public double FinalFraction { get; init; }

    /// <summary>
    /// The learning rate of a step: a linear rise over the warm-up fraction, then a half cosine from the peak to its final
    /// fraction at the end of the run, or the peak throughout.
    /// </summary>
    /// <param name="peak">The peak rate.</param>
    /// <param name="step">The step, from 0.</param>
    /// <param name="totalSteps">Steps of the whole run.</param>
    internal double Rate(double peak, long step, long totalSteps)
    {
        double progress = (double)step / totalSteps;
        if (progress < WarmUp)
        {
            return peak * (step + 1) / Math.Ceiling(WarmUp * totalSteps);
        }

        if (Decay == ScheduleDecay.None)
        {
            return peak;
        }

        double decayed = WarmUp >= 1 ? 0 : (progress - WarmUp) / (1 - WarmUp);
        double cosine = 0.5 * (1 + Math.Cos(Math.PI * decayed));
        return peak * (FinalFraction + ((1 - FinalFraction) * cosine));
    }
}

/// <summary>How the learning rate falls after its warm-up.</summary>
public enum ScheduleDecay
{
    /// <summary>Half a cosine, from the peak rate to the final fraction of it; JSON "cosine".</summary>
    Cosine,

    /// <summary>Not at all: the rate stays at its peak; JSON "none".</summary>
    None,
}

/// <summary>
/// The weight beta of the Kullback-Leibler term (eq. 10) in the objective: from the start it rises linearly to 1 within
/// a fraction of the run, and stays there.
/// </summary>
public sealed record KlAnnealing : Choice
{
    /// <summary>Weight at the first step, s0.</summary>
    [In("[0, 1]")] public double Start { get; init; } = 1;

    /// <summary>Fraction of the run, W, after which the weight is 1; 0 for no annealing.</summary>
    [In("[0, 1]")] public double Fraction { get; init; }

    /// <summary>beta = s0 + (1 - s0) t / W for progress t below the fraction W of the run, else 1.</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="totalSteps">Steps of the whole run.</param>
    internal double Beta(long step, long totalSteps)
    {
        double progress = (double)step / totalSteps;
        return progress < Fraction ? Start + ((1 - Start) * progress / Fraction) : 1;
    }
}
