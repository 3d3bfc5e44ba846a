using Sere.Models.Configuration;

namespace Sere.Training;

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
