namespace Sere.Networks;

/// <summary>How a residual convolutional network is built.</summary>
public sealed record ResidualSettings
{
    /// <summary>Channels of each stage, from the finest grid on; each stage's grid is coarser by <see cref="Stride"/>.</summary>
    public IReadOnlyList<int> Widths { get; init; } = [32];

    /// <summary>Residual blocks of each stage.</summary>
    public int Blocks { get; init; } = 1;

    /// <summary>Side of a kernel, odd. Without a grid every kernel is 1.</summary>
    public int Kernel { get; init; } = 3;

    /// <summary>Factor between the grids of two stages, and between the whole grid and the first stage's.</summary>
    public int Stride { get; init; } = 2;

    /// <summary>Activation within the blocks and before the last layer.</summary>
    public Activation Activation { get; init; } = Activation.Silu;

    /// <summary>How the features are kept at one scale.</summary>
    public Normalization Normalization { get; init; } = Normalization.Weight;

    /// <summary>
    /// Factor on the initial output of each residual branch: with 1/sqrt(depth), the variance of all branches together is
    /// that of one, whatever the depth.
    /// </summary>
    internal double BranchGain => 1 / Math.Sqrt(Math.Max(1, Widths.Count * Blocks));
}
