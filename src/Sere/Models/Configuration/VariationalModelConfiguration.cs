using Sere.Distributions;

namespace Sere.Models.Configuration;

/// <summary>
/// A hierarchical variational autoencoder of three parts: evidence encoder, hierarchy of latent layers, data layers
/// (eqs. 3 and 4). JSON kind "variational".
/// </summary>
public sealed record VariationalModelConfiguration : ModelConfiguration
{
    /// <summary>L, the number of latent layers and of blocks of the image; 1 to 10000.</summary>
    public int Layers { get; init; } = 10;

    /// <summary>N, the latent variables of each layer, or N_1..N_L; 1 to 100000 each.</summary>
    public LayerSizes Latents { get; init; } = new(10);

    /// <summary>
    /// The grid on which the latents of each layer lie, as so many channels at each place; null for plain vectors.
    /// </summary>
    public ImageSizeConfiguration? LatentGrid { get; init; }

    /// <summary>How the image is cut into one block a layer.</summary>
    public PartitionConfiguration Partition { get; init; } = new RasterPartitionConfiguration();

    /// <summary>What a layer receives from the layer before it.</summary>
    public CouplingConfiguration Coupling { get; init; } = new();

    /// <summary>The encoder from the image to the features of each layer.</summary>
    public EvidenceConfiguration Evidence { get; init; } = new IndependentEvidenceConfiguration();

    /// <summary>The prior of each layer's base variables.</summary>
    public PriorConfiguration Prior { get; init; } = new();

    /// <summary>The approximate posterior of each layer's base variables.</summary>
    public PosteriorConfiguration Posterior { get; init; } = new();

    /// <summary>The map from base variables to the code of a layer, shared by prior and posterior.</summary>
    public BijectorConfiguration Bijector { get; init; } = new RankOneAffineConfiguration();

    /// <summary>The distribution of each block of the image.</summary>
    public DataLayerConfiguration Data { get; init; } = new BernoulliDataConfiguration();

    internal override DataLayerConfiguration DataLayer => Data;

    internal override void Validate(string path)
    {
        ConfigurationCheck.Require(
            Layers is >= 1 and <= 10_000, $"{path}.layers", Layers, "a whole number from 1 to 10000");
        Latents.Validate($"{path}.latents", Layers);
        LatentGrid?.Validate($"{path}.latentGrid");
        ConfigurationCheck.Require(
            LatentGrid is not { } grid || Latents.Values.All(count => count % ((long)grid.Height * grid.Width) == 0),
            $"{path}.latents",
            Latents,
            $"a multiple of the places of {path}.latentGrid ({(long?)LatentGrid?.Height * LatentGrid?.Width})");
        Partition.Validate($"{path}.partition");
        if (Partition is CheckerboardPartitionConfiguration { Stride: int stride })
        {
            ConfigurationCheck.Require(
                Layers == stride * stride,
                $"{path}.layers",
                Layers,
                $"{stride * stride}, the blocks of a checkerboard of stride {stride}");
        }

        Evidence.Validate($"{path}.evidence");
        Prior.Validate($"{path}.prior");
        Posterior.Validate($"{path}.posterior");
        Bijector.Validate($"{path}.bijector");
        Data.Validate($"{path}.data");
        ConfigurationCheck.Require(
            Posterior.Residual != PosteriorResidual.Free
                || (Posterior.InitialScale > Prior.ScaleFloor && Posterior.InitialScale < Prior.ScaleCeiling),
            $"{path}.posterior.initialScale",
            Posterior.InitialScale,
            $"between {path}.prior.scaleFloor and scaleCeiling where {path}.posterior.residual is free");
        ConfigurationCheck.Require(
            Data is not FlowDataConfiguration || Partition is WholePartitionConfiguration,
            $"{path}.partition.kind",
            ConfigurationSchema.KindOf(Partition),
            $"whole where {path}.data.kind is flow, which is of the whole image");
        ConfigurationCheck.Require(
            Data is not FlowDataConfiguration || Partition is not WholePartitionConfiguration { Codes: CodesSeen.Last },
            $"{path}.partition.codes",
            "last",
            $"all where {path}.data.kind is flow, each layer of which sees its code");
        ConfigurationCheck.Require(
            LatentGrid is null || Partition is not WholePartitionConfiguration,
            $"{path}.latentGrid",
            $"{LatentGrid?.Height}x{LatentGrid?.Width}",
            $"null where {path}.partition.kind is whole, whose network sees the codes as vectors");
        ConfigurationCheck.Require(
            Partition is not WholePartitionConfiguration || !Coupling.Data,
            $"{path}.coupling.data",
            "true",
            $"false where {path}.partition.kind is whole: there is no block before");
    }
}
