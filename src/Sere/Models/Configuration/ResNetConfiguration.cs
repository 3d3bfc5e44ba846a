using Sere.Kernels;
using Sere.Networks;

namespace Sere.Models.Configuration;

/// <summary>
/// A residual convolutional network; a residual perceptron where its input and output have no grid. JSON kind "resnet".
/// </summary>
public sealed record ResNetConfiguration : NetworkConfiguration
{
    /// <summary>
    /// Channels of each stage from the finest grid on, 1 to 10 stages of 1 to 4096. The list is copied when it is set.
    /// </summary>
    public IReadOnlyList<int> Widths { get; init => field = [.. value]; } = [32];

    /// <summary>Residual blocks of each stage.</summary>
    public int Blocks { get; init; } = 1;

    /// <summary>Side of each kernel.</summary>
    public int Kernel { get; init; } = 3;

    /// <summary>Factor between the grids of two stages, and between the whole grid and the first stage's.</summary>
    public int Stride { get; init; } = 2;

    /// <summary>The nonlinearity.</summary>
    public Activation Activation { get; init; } = Activation.Silu;

    /// <summary>What keeps the features at one scale.</summary>
    public Normalization Normalization { get; init; } = Normalization.Weight;

    /// <summary>Whether both describe the same network.</summary>
    public bool Equals(ResNetConfiguration? other) =>
        other is not null && Widths.SequenceEqual(other.Widths)
        && (Blocks, Kernel, Stride, Activation, Normalization)
            == (other.Blocks, other.Kernel, other.Stride, other.Activation, other.Normalization);

    /// <summary>A hash of what describes the network.</summary>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add((Blocks, Kernel, Stride, Activation, Normalization));
        foreach (int width in Widths)
        {
            hash.Add(width);
        }

        return hash.ToHashCode();
    }

    internal override NetworkDesign Design() => new ResidualDesign(new ResidualSettings
    {
        Widths = Widths,
        Blocks = Blocks,
        Kernel = Kernel,
        Stride = Stride,
        Activation = Activation,
        Normalization = Normalization,
    });

    internal override void Validate(string path)
    {
        ConfigurationCheck.Require(Widths.Count is >= 1 and <= 10, $"{path}.widths", Widths, "a list of 1 to 10 widths");
        for (int index = 0; index < Widths.Count; index++)
        {
            ConfigurationCheck.Require(
                Widths[index] is >= 1 and <= 4096, $"{path}.widths[{index}]", Widths[index], "a whole number from 1 to 4096");
        }

        ConfigurationCheck.Require(Blocks is >= 0 and <= 1000, $"{path}.blocks", Blocks, "a whole number from 0 to 1000");
        ConfigurationCheck.Require(Kernel is 1 or 3 or 5 or 7, $"{path}.kernel", Kernel, "1, 3, 5 or 7");
        ConfigurationCheck.Require(Stride is >= 1 and <= 8, $"{path}.stride", Stride, "a whole number from 1 to 8");
        ConfigurationCheck.RequireNamed($"{path}.activation", Activation);
        ConfigurationCheck.RequireNamed($"{path}.normalization", Normalization);
    }
}
