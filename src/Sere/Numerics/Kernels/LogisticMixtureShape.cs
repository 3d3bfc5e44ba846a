namespace Sere.Numerics.Kernels;

/// <summary>What a <see cref="LogisticMixtureKernel"/> needs to know beside its tensors.</summary>
/// <param name="Channels">C, at most 3.</param>
/// <param name="Mixtures">M.</param>
/// <param name="Levels">V.</param>
/// <param name="ScaleFloor">Added to the softplus of a scale.</param>
internal sealed record LogisticMixtureShape(int Channels, int Mixtures, int Levels, float ScaleFloor)
{
    /// <summary>Parameters of a pixel.</summary>
    public int Parameters => Mixtures * (1 + (2 * Channels) + Coefficients);

    /// <summary>Of a component.</summary>
    public int Coefficients => Channels * (Channels - 1) / 2;

    /// <summary>Vectors that a kernel keeps: of each component a log-mass and, of each channel, two slopes.</summary>
    public int Kept => Mixtures * (1 + (2 * Channels));
}
