using System.Text.Json.Serialization;
using Sere.Networks;

namespace Sere.Partitions;

/// <summary>How the image is cut into one block a layer.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = KindMember)]
[JsonDerivedType(typeof(Raster), "raster")]
[JsonDerivedType(typeof(Checkerboard), "checkerboard")]
[JsonDerivedType(typeof(Whole), "whole")]
public abstract record PartitionChoice : Choice
{
    /// <summary>Whether every block holds whole pixels, also of colour images.</summary>
    internal virtual bool KeepsPixels => true;

    /// <summary>Whether the image stays in one block, which several codes are seen by at once.</summary>
    internal virtual bool IsWhole => false;

    /// <summary>
    /// How many layers a block sees where it is the whole image, counted from the last; null for all.
    /// </summary>
    internal virtual int? LayersSeen => null;

    /// <summary>Which earlier layers a layer is conditioned on.</summary>
    internal virtual CouplingGraph BuildGraph(int layers) => CouplingGraph.Chain(layers);

    /// <summary>Refuses a number of layers that there are not as many blocks for.</summary>
    internal virtual void RequireLayers(int layers, string path)
    {
    }

    /// <summary>The cut into so many blocks.</summary>
    /// <param name="layers">L.</param>
    /// <param name="image">What x stands for.</param>
    /// <exception cref="UsageException">The image cannot be cut so.</exception>
    internal abstract Partition Build(int layers, FeatureShape image);
}

/// <summary>
/// Blocks of equal size in raster order, from the left and from the top; the last one may be shorter. JSON kind
/// "raster".
/// </summary>
public sealed record Raster : PartitionChoice
{
    internal override bool KeepsPixels => false;

    internal override Partition Build(int layers, FeatureShape image) =>
        new RasterPartition(image.Size, layers, image.IsVector ? 0 : image.Width);
}

/// <summary>
/// One block for each place of a checkerboard: every s-th pixel of every s-th row, of all channels. JSON kind
/// "checkerboard".
/// </summary>
public sealed record Checkerboard : PartitionChoice
{
    /// <summary>s, which divides height and width; there are s^2 layers.</summary>
    [In("[1, 100]")] public int Stride { get; init; } = 4;

    /// <summary>What a layer is conditioned on: the one before it, or those left of it and above it.</summary>
    public CheckerboardGraph Graph { get; init; } = CheckerboardGraph.Chain;

    internal override CouplingGraph BuildGraph(int layers) => Graph == CheckerboardGraph.Grid
        ? CouplingGraph.Grid(Stride, Stride)
        : base.BuildGraph(layers);

    internal override void RequireLayers(int layers, string path) => Require(
        layers == Stride * Stride, path, layers, $"{Stride * Stride}, the blocks of a checkerboard of stride {Stride}");

    internal override Partition Build(int layers, FeatureShape image) =>
        new CheckerboardPartition(image.Channels, image.Height, image.Width, Stride);
}

/// <summary>The whole image as one block, on several codes at once. JSON kind "whole".</summary>
public sealed record Whole : PartitionChoice
{
    /// <summary>The codes that the image sees.</summary>
    public CodesSeen Codes { get; init; } = CodesSeen.All;

    internal override bool IsWhole => true;

    internal override int? LayersSeen => Codes switch
    {
        CodesSeen.Last => 1,
        CodesSeen.All => null,
    };

    internal override Partition Build(int layers, FeatureShape image) => new WholePartition(image);
}

/// <summary>Which blocks of a checkerboard a block is conditioned on.</summary>
public enum CheckerboardGraph
{
    /// <summary>The block before it, in raster order. Proposition 2 holds for this graph alone.</summary>
    Chain,

    /// <summary>The blocks left of it and above it.</summary>
    Grid,
}

/// <summary>Which codes the distribution of the whole image sees.</summary>
public enum CodesSeen
{
    /// <summary>Those of all layers.</summary>
    All,

    /// <summary>That of the last layer, which alone carries what the others say.</summary>
    Last,
}
