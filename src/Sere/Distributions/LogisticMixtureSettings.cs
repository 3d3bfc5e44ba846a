namespace Sere.Distributions;

/// <summary>What a <see cref="DiscretizedLogisticMixture"/> is beside its parameters.</summary>
/// <param name="Channels">C, the dimensions of a pixel: 1 or 3.</param>
/// <param name="Mixtures">M, the components of a pixel; 1 to 100.</param>
/// <param name="Levels">V, the levels of a value, which are 0, 1/(V-1), ..., 1; at least 2.</param>
/// <param name="ScaleFloor">The smallest scale of a logistic, in units in which the values go from -1 to 1; above 0.</param>
public sealed record LogisticMixtureSettings(int Channels, int Mixtures = 5, int Levels = 256, double ScaleFloor = 1e-3)
{
    /// <summary>The most components that a pixel may have.</summary>
    public const int MostMixtures = 100;

    /// <summary>Coefficients of a component: each channel on those before it.</summary>
    public int Coefficients => Channels * (Channels - 1) / 2;

    /// <summary>Unconstrained parameters of a pixel: M logits, C M means, C M scales, and M of each coefficient.</summary>
    public int ParametersPerPixel => Mixtures * (1 + (2 * Channels) + Coefficients);

    /// <summary>Half the width of a bin, where the values go from -1 to 1.</summary>
    internal double HalfBin => 1.0 / (Levels - 1);

    internal void Validate()
    {
        if (Channels is not (1 or 3))
        {
            throw new UsageException(
                $"Mixtures of logistics are of images with 1 or 3 channels, not {Channels}; choose other images.");
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(Mixtures, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Mixtures, MostMixtures);
        ArgumentOutOfRangeException.ThrowIfLessThan(Levels, 2);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(ScaleFloor);
    }
}
