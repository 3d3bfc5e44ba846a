using System.Text.Json.Serialization;
using Sere.Networks;
using Sere.Partitions;

namespace Sere.Likelihoods;

/// <summary>How the pixels of a block depend on each other, given what the block is given.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = KindMember)]
[JsonDerivedType(typeof(FactorizedPixels), "independent")]
[JsonDerivedType(typeof(MaskedConvolutionPixels), "masked-convolution")]
[JsonDerivedType(typeof(RowLstmPixels), "row-lstm")]
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

/// <summary>Each pixel sees those before it in raster order, through a network.</summary>
public abstract record AutoregressivePixelChoice : PixelChoice
{
    /// <summary>Features of a place that the network of the codes gives to every layer; unused without codes.</summary>
    [JsonPropertyOrder(1), In("[1, 4096]")] public int Context { get; init; } = 16;

    internal sealed override AutoregressivePixels Build(
        Partition partition, DataFamily family, bool isConditional, ParameterInitializer initializer) =>
        new(this, partition, family, isConditional ? Context : 0, initializer);

    /// <summary>A network for each block with freshly drawn parameters.</summary>
    /// <param name="blocks">L.</param>
    /// <param name="input">What the input of each stands for.</param>
    /// <param name="context">Channels of the context; 0 for none.</param>
    /// <param name="parameters">Outputs of a place.</param>
    /// <param name="initializer">Draws the weights.</param>
    internal abstract PixelNetwork Network(
        int blocks, FeatureShape input, int context, int parameters, ParameterInitializer initializer);
}

/// <summary>
/// Each pixel sees those before it in raster order, through gated masked convolutions of a vertical and a horizontal stack
/// (van den Oord et al. 2016). JSON kind "masked-convolution".
/// </summary>
public sealed record MaskedConvolutionPixels : AutoregressivePixelChoice
{
    /// <summary>Gated layers.</summary>
    [In("[1, 100]")] public int Layers { get; init; } = 5;

    /// <summary>Features of a place in each of the two stacks.</summary>
    [In("[1, 4096]")] public int Channels { get; init; } = 16;

    /// <summary>Side of the kernels, of which half is masked.</summary>
    [In("{1, 3, 5, 7, 9}")] public int Kernel { get; init; } = 3;

    /// <summary>Side of the kernels of the first layer, which sees the pixels themselves.</summary>
    [In("{1, 3, 5, 7, 9}")] public int FirstKernel { get; init; } = 7;

    internal override PixelNetwork Network(
        int blocks, FeatureShape input, int context, int parameters, ParameterInitializer initializer) =>
        new MaskedConvolutions(
            blocks,
            input,
            new MaskedConvolutionSettings(
                Channels, [FirstKernel, .. Enumerable.Repeat(Kernel, Layers - 1)], context, parameters),
            initializer);
}

/// <summary>
/// Each pixel sees those before it in raster order, through row LSTMs, the PixelRNN of van den Oord et al. (2016). JSON kind
/// "row-lstm".
/// </summary>
public sealed record RowLstmPixels : AutoregressivePixelChoice
{
    /// <summary>Recurrent layers.</summary>
    [In("[1, 100]")] public int Layers { get; init; } = 4;

    /// <summary>Features of a place.</summary>
    [In("[1, 4096]")] public int Channels { get; init; } = 16;

    /// <summary>Width of the kernels over the row and over the state of the row above.</summary>
    [In("{1, 3, 5, 7, 9}")] public int Kernel { get; init; } = 3;

    /// <summary>Side of the kernel of the first layer, which sees the pixels themselves.</summary>
    [In("{1, 3, 5, 7, 9}")] public int FirstKernel { get; init; } = 7;

    internal override PixelNetwork Network(
        int blocks, FeatureShape input, int context, int parameters, ParameterInitializer initializer) =>
        new RowLstm(
            blocks, input, new RowLstmSettings(Channels, FirstKernel, Kernel, Layers, context, parameters), initializer);
}
