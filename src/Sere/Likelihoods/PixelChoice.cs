using System.Text.Json.Serialization;
using Sere.Networks;
using Sere.Partitions;

namespace Sere.Likelihoods;

/// <summary>How the pixels of a block depend on each other, given what the block is given.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = KindMember)]
[JsonDerivedType(typeof(FactorizedPixels), "independent")]
[JsonDerivedType(typeof(MaskedConvolutionPixels), "masked-convolution")]
public abstract record PixelChoice : Choice
{
    /// <summary>What makes pixels depend on those before them, with freshly drawn parameters; null for nothing.</summary>
    /// <param name="partition">How x is cut.</param>
    /// <param name="family">The distribution of a position.</param>
    /// <param name="isConditional">Whether a block is given codes, or blocks before it.</param>
    /// <param name="initializer">Draws the parameters.</param>
    /// <exception cref="UsageException">The data are no images.</exception>
    internal abstract AutoregressivePixels? Build(
        Partition partition, DataFamily family, bool isConditional, ParameterInitializer initializer);
}

/// <summary>Pixels are independent. JSON kind "independent".</summary>
public sealed record FactorizedPixels : PixelChoice
{
    internal override AutoregressivePixels? Build(
        Partition partition, DataFamily family, bool isConditional, ParameterInitializer initializer) => null;
}

/// <summary>
/// Each pixel sees those before it in raster order, through gated masked convolutions of a vertical and a horizontal stack
/// (van den Oord et al. 2016). JSON kind "masked-convolution".
/// </summary>
public sealed record MaskedConvolutionPixels : PixelChoice
{
    /// <summary>Gated layers.</summary>
    [In("[1, 100]")] public int Layers { get; init; } = 5;

    /// <summary>Features of a place in each of the two stacks.</summary>
    [In("[1, 4096]")] public int Channels { get; init; } = 16;

    /// <summary>Side of the kernels, of which half is masked.</summary>
    [In("{1, 3, 5, 7, 9}")] public int Kernel { get; init; } = 3;

    /// <summary>Side of the kernels of the first layer, which sees the pixels themselves.</summary>
    [In("{1, 3, 5, 7, 9}")] public int FirstKernel { get; init; } = 7;

    /// <summary>Features of a place that the network of the codes gives to every layer; unused without codes.</summary>
    [In("[1, 4096]")] public int Context { get; init; } = 16;

    internal override AutoregressivePixels Build(
        Partition partition, DataFamily family, bool isConditional, ParameterInitializer initializer) =>
        new(this, partition, family, isConditional ? Context : 0, initializer);
}
