using System.Text.Json.Serialization;
using Sere.Bijectors;
using Sere.Distributions;
using Sere.Hierarchies;
using Sere.Kernels;
using Sere.Likelihoods;
using Sere.Networks;
using Sere.Numerics;
using Sere.Partitions;

namespace Sere.Models;

/// <summary>A model of latents and of the data given their codes.</summary>
public abstract record LatentVariableChoice : ModelChoice
{
    /// <summary>The distribution of the data given the codes.</summary>
    [JsonPropertyOrder(1)] public DataChoice Data { get; init; } = new BernoulliData();

    internal sealed override DataChoice DataLayer => Data;
}

/// <summary>
/// A hierarchical variational autoencoder of three parts: evidence encoder, hierarchy of latent layers, data layers
/// (eqs. 3 and 4). JSON kind "variational".
/// </summary>
public sealed record VariationalAutoencoder : LatentVariableChoice
{
    /// <summary>L: latent layers, and blocks of the image.</summary>
    [In("[1, 10000]")] public int Layers { get; init; } = 10;

    /// <summary>N: latent variables of each layer, or a list with one number for each.</summary>
    [In("[1, 100000]")] public LayerSizes Latents { get; init; } = new(10);

    /// <summary>The grid of each layer's latents, channels first; null for plain vectors.</summary>
    public LatentGrid? LatentGrid { get; init; }

    /// <summary>How the image is cut into one block a layer.</summary>
    public PartitionChoice Partition { get; init; } = new Raster();

    /// <summary>What a layer receives from the layer before it.</summary>
    public CouplingChoice Coupling { get; init; } = new();

    /// <summary>The encoder from the image to the features of each layer.</summary>
    public EvidenceChoice Evidence { get; init; } = new IndependentEvidence();

    /// <summary>The prior of each layer's base variables.</summary>
    public PriorChoice Prior { get; init; } = new();

    /// <summary>The approximate posterior of each layer's base variables.</summary>
    public PosteriorChoice Posterior { get; init; } = new();

    /// <summary>The map f_l from base variables to the code of a layer, shared by prior and posterior.</summary>
    public BijectorChoice Bijector { get; init; } = new RankOneAffine();

    internal override void CheckTogether(string path)
    {
        Latents.RequireFor(Layers, $"{path}.latents");
        if (LatentGrid is { } grid)
        {
            RequireArray($"{path}.latentGrid", 1, grid.Height, grid.Width);
            long places = (long)grid.Height * grid.Width;
            Require(
                Latents.Values.All(count => count % places == 0),
                $"{path}.latents",
                Latents,
                $"a multiple of the places of {path}.latentGrid ({places})");
            Require(
                !Partition.IsWhole,
                $"{path}.latentGrid",
                $"{grid.Height}x{grid.Width}",
                $"null where {path}.partition.kind is whole, whose network sees the codes as vectors");
        }

        Partition.RequireLayers(Layers, $"{path}.layers");
        Require(
            Posterior.Residual != PosteriorResidual.Free
                || (Posterior.InitialScale > Prior.ScaleFloor && Posterior.InitialScale < Prior.ScaleCeiling),
            $"{path}.posterior.initialScale",
            Posterior.InitialScale,
            $"between {path}.prior.scaleFloor and scaleCeiling where {path}.posterior.residual is free");
        Data.RequirePartition(Partition, path);
        Require(
            !Partition.IsWhole || !Coupling.Data,
            $"{path}.coupling.data",
            "true",
            $"false where {path}.partition.kind is whole: there is no block before");
    }

    internal override DensityModel Build(FeatureShape image, ParameterInitializer initializer)
    {
        int[] latents = Latents.ForLayers(Layers);
        var grid = LatentGrid ?? Networks.LatentGrid.None;
        var hierarchy = new SelfReflectiveHierarchy(
            new SelfReflectiveParts(latents, Partition.BuildGraph(Layers))
            {
                Coupling = Coupling,
                Prior = Prior,
                Posterior = Posterior,
                Bijector = Bijector,
                Grid = grid,
            },
            initializer);
        var encoder = Evidence.Build(Layers, image, grid.Shape(hierarchy.FeatureSize), initializer);
        return new DensityModel(
            encoder, hierarchy, Data.Build(image, latents, Partition, Coupling.Data, grid, initializer));
    }
}

/// <summary>
/// A variational autoencoder of one layer of latents whose posterior is a flow that sees the image (Kingma et al. 2016), and
/// whose prior may be a flow too (Chen et al. 2017). JSON kind "flow-posterior".
/// </summary>
public sealed record FlowPosteriorAutoencoder : LatentVariableChoice
{
    /// <summary>N, the latent variables.</summary>
    [In("[1, 100000]")] public int Latents { get; init; } = 100;

    /// <summary>Size of the context that the encoder gives to each step of the flow.</summary>
    [In("[1, 100000]")] public int Context { get; init; } = 100;

    /// <summary>The encoder from the image to the base of the posterior and the context.</summary>
    public EvidenceChoice Evidence { get; init; } = new IndependentEvidence();

    /// <summary>The base of the posterior.</summary>
    public FreePosteriorChoice Posterior { get; init; } = new();

    /// <summary>p(z).</summary>
    public LatentPriorChoice Prior { get; init; } = new StandardNormalPrior();

    /// <summary>The flow from the base to z.</summary>
    public BijectorChoice Bijector { get; init; } = new InverseAutoregressive { Steps = 10 };

    internal override void CheckTogether(string path) => Data.RequireFactorized($"{path}.data");

    internal override DensityModel Build(FeatureShape image, ParameterInitializer initializer)
    {
        var hierarchy = new FlowPosteriorHierarchy(Latents, Context, Bijector, Posterior, Prior, initializer);
        var encoder = Evidence.Build(1, image, FeatureShape.Vector(hierarchy.FeatureSize), initializer);
        return new DensityModel(encoder, hierarchy, Data.BuildWhole(image, [Latents], null, initializer));
    }
}

/// <summary>
/// A ladder variational autoencoder (Sonderby et al. 2016): a bottom-up pass with batch normalization, a top-down chain
/// of priors, and a posterior that merges both by their precisions. The image sees the last layer. JSON kind "ladder".
/// </summary>
public sealed record LadderAutoencoder : LatentVariableChoice
{
    /// <summary>N_l of each layer, from the top one, which is drawn first, to the one that the image sees.</summary>
    [In("[1, 100000]")] public LayerSizes Latents { get; init; } = new([4, 8, 16, 32, 64]);

    /// <summary>
    /// Width of the networks of each layer, in the same order; one number for all, or a list as long.
    /// </summary>
    [In("[1, 100000]")] public LayerSizes Widths { get; init; } = new([32, 64, 128, 256, 512]);

    /// <summary>Hidden layers of each network, with batch normalization.</summary>
    [In("[1, 100]")] public int HiddenLayers { get; init; } = 2;

    /// <summary>Nonlinearity after each hidden layer.</summary>
    public Activation Activation { get; init; } = Activation.LeakyRelu;

    /// <summary>Bound of the priors' means, kept by a smooth map.</summary>
    [In("(0, inf)")] public double MeanBound { get; init; } = NormalLayer.MeanWithin;

    /// <summary>Smallest standard deviation; it starts at 1.</summary>
    [In("(0, 1)")] public double ScaleFloor { get; init; } = NormalLayer.SmallestScale;

    /// <summary>Largest standard deviation.</summary>
    [In("(1, inf)")] public double ScaleCeiling { get; init; } = NormalLayer.LargestScale;

    internal override void CheckTogether(string path)
    {
        Require(
            !Latents.IsUniform && Latents.Values.Count is >= 1 and <= 1000,
            $"{path}.latents",
            Latents,
            "a list of 1 to 1000 sizes, one for each layer");
        Widths.RequireFor(Latents.Values.Count, $"{path}.widths");
        Data.RequireFactorized($"{path}.data");
        Data.Network.RequirePerceptrons($"{path}.data.network");
    }

    internal override DensityModel Build(FeatureShape image, ParameterInitializer initializer)
    {
        int layers = Latents.Values.Count;
        int[] latents = Latents.ForLayers(layers);
        int[] widths = Widths.ForLayers(layers);
        var logScale = SmoothInterval.OfLogScale(ScaleFloor, ScaleCeiling, start: 1);
        var hierarchy = new LadderHierarchy(latents, widths, HiddenLayers, Activation, MeanBound, logScale, initializer);
        int[] features = [.. Enumerable.Range(0, layers).Select(hierarchy.FeatureSize)];
        var encoder = new BottomUpEncoder(image.Size, widths, HiddenLayers, features, Activation, initializer);
        return new DensityModel(
            encoder, hierarchy, Data.BuildWhole(image, latents, layersSeen: 1, initializer, batchNormalization: true));
    }
}

/// <summary>
/// A variational autoencoder of binary latents whose posterior is the complete inverse of its decoder, relaxed in
/// training (Webb et al. 2018). JSON kind "relaxed-bernoulli".
/// </summary>
public sealed record RelaxedBernoulliAutoencoder : LatentVariableChoice
{
    /// <summary>The binary latents, for each of which a draw takes a pass.</summary>
    [In("[1, 1000]")] public int Latents { get; init; } = 30;

    /// <summary>Size of the context that the encoder gives to the posterior.</summary>
    [In("[1, 100000]")] public int Context { get; init; } = 200;

    /// <summary>The encoder from the image to the context.</summary>
    public EvidenceChoice Evidence { get; init; } = new IndependentEvidence();

    /// <summary>The posterior's masked network.</summary>
    public NetworkDesign Network { get; init; } = new PerceptronDesign();

    /// <summary>Temperature of the relaxed posterior, in training.</summary>
    [In("(0, inf)")] public double PosteriorTemperature { get; init; } = 2.0 / 3;

    /// <summary>Temperature of the relaxed prior, in training.</summary>
    [In("(0, inf)")] public double PriorTemperature { get; init; } = 0.5;

    internal override void CheckTogether(string path)
    {
        Network.RequirePerceptrons($"{path}.network");
        Data.RequireFactorized($"{path}.data");
    }

    internal override DensityModel Build(FeatureShape image, ParameterInitializer initializer)
    {
        var hierarchy = new RelaxedBernoulliHierarchy(
            Latents, Context, (PerceptronDesign)Network, PosteriorTemperature, PriorTemperature, initializer);
        var encoder = Evidence.Build(1, image, FeatureShape.Vector(hierarchy.FeatureSize), initializer);
        return new DensityModel(encoder, hierarchy, Data.BuildWhole(image, [Latents], null, initializer));
    }
}

/// <summary>
/// A deep recurrent attentive writer (Gregor et al. 2015): at each step the posterior reads a patch of the image where the
/// decoder points, and the decoder writes a patch on a canvas. JSON kind "draw".
/// </summary>
public sealed record DrawAutoencoder : LatentVariableChoice
{
    /// <summary>Steps, each with latents of its own.</summary>
    [In("[1, 1000]")] public int Steps { get; init; } = 16;

    /// <summary>N: latent variables of each step.</summary>
    [In("[1, 100000]")] public int Latents { get; init; } = 10;

    /// <summary>Size of the two recurrent networks.</summary>
    [In("[1, 100000]")] public int Hidden { get; init; } = 256;

    /// <summary>Side of the grid of filters that reads.</summary>
    [In("[1, 1000]")] public int ReadSize { get; init; } = 2;

    /// <summary>Side of the grid of filters that writes.</summary>
    [In("[1, 1000]")] public int WriteSize { get; init; } = 5;

    /// <summary>The posterior of each step.</summary>
    public FreePosteriorChoice Posterior { get; init; } = new();

    internal override void CheckTogether(string path)
    {
        Data.RequireFactorized($"{path}.data");
        Require(
            Data.Pixels is FactorizedPixels,
            $"{path}.data.pixels.kind",
            Data.Pixels.Kind,
            $"independent where {path}.kind is {Kind}");
    }

    internal override DensityModel Build(FeatureShape image, ParameterInitializer initializer)
    {
        var settings = new DrawSettings(Latents, Hidden, ReadSize, WriteSize);
        var likelihood = Data.BuildCanvas(image, settings, initializer);
        return new DensityModel(
            new ImageItself(),
            new DrawHierarchy(Steps, settings, image, likelihood.Decoder, likelihood.Mean, Posterior, initializer),
            likelihood);
    }
}
