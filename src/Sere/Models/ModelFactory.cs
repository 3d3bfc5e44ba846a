using Sere.Data;
using Sere.Hierarchies;
using Sere.Likelihoods;
using Sere.Models.Configuration;
using Sere.Networks;
using Sere.Partitions;
using TorchSharp;

namespace Sere.Models;

/// <summary>Builds models from their configuration.</summary>
public static class ModelFactory
{
    /// <summary>A model of images with freshly drawn parameters.</summary>
    /// <param name="configuration">What to build.</param>
    /// <param name="shape">Shape of an image; of height 1 it is a plain vector.</param>
    /// <param name="seed">Seed of the initial parameters.</param>
    /// <param name="type">Floating-point type of the parameters.</param>
    /// <param name="device">Where the model is; null for the CPU. A model does not move: make it where it is used.</param>
    /// <exception cref="UsageException">The configuration does not fit the data.</exception>
    public static DensityModel Create(
        ModelConfiguration configuration,
        ImageShape shape,
        long seed,
        torch.ScalarType type = torch.ScalarType.Float32,
        torch.Device? device = null) => Create(
            configuration,
            Features(shape),
            seed,
            type,
            device);

    /// <summary>A model of vectors of D dimensions with freshly drawn parameters, as for images.</summary>
    /// <exception cref="UsageException">The configuration does not fit the data.</exception>
    public static DensityModel Create(
        ModelConfiguration configuration,
        int dimensions,
        long seed,
        torch.ScalarType type = torch.ScalarType.Float32,
        torch.Device? device = null) => Create(configuration, FeatureShape.Vector(dimensions), seed, type, device);

    /// <summary>A model of images whose parameters are to be loaded: none are drawn.</summary>
    /// <exception cref="UsageException">The configuration does not fit the data.</exception>
    internal static DensityModel CreateToLoad(
        ModelConfiguration configuration, ImageShape shape, long seed, torch.Device? device) =>
        Create(configuration, Features(shape), new ParameterInitializer(seed, device: device) { IsLoaded = true });

    /// <summary>A model with freshly drawn parameters of data that stand for channels of a grid, or for a vector.</summary>
    /// <exception cref="UsageException">The configuration does not fit the data.</exception>
    public static DensityModel Create(
        ModelConfiguration configuration,
        FeatureShape image,
        long seed,
        torch.ScalarType type = torch.ScalarType.Float32,
        torch.Device? device = null) => Create(configuration, image, new ParameterInitializer(seed, type, device));

    private static FeatureShape Features(ImageShape shape) => shape.Height == 1
        ? FeatureShape.Vector(shape.Dimensions)
        : new FeatureShape(shape.Channels, shape.Height, shape.Width);

    private static DensityModel Create(
        ModelConfiguration configuration, FeatureShape image, ParameterInitializer initializer) => configuration switch
        {
            VariationalModelConfiguration variational => CreateVariational(variational, image, initializer),
            FlowPosteriorModelConfiguration posterior => CreateFlowPosterior(posterior, image, initializer),
            LadderModelConfiguration ladder => CreateLadder(ladder, image, initializer),
            RelaxedBernoulliModelConfiguration relaxed => CreateRelaxedBernoulli(relaxed, image, initializer),
            FlowModelConfiguration flow => FlowFactory.Model(flow, image.Size, initializer),
            _ => throw PartsFactory.Unknown("Models", configuration),
        };

    private static VariationalModel CreateVariational(
        VariationalModelConfiguration configuration,
        FeatureShape image,
        ParameterInitializer initializer)
    {
        int[] latents = configuration.Latents.ForLayers(configuration.Layers);
        var graph = configuration.Partition is CheckerboardPartitionConfiguration { Graph: CheckerboardGraph.Grid } grid
            ? CouplingGraph.Grid(grid.Stride, grid.Stride)
            : CouplingGraph.Chain(configuration.Layers);
        var hierarchy = CreateHierarchy(configuration, latents, graph, initializer);
        var encoder = PartsFactory.Encoder(
            configuration.Evidence, configuration.Layers, image, Grid(configuration).Shape(hierarchy.FeatureSize), initializer);
        return new VariationalModel(
            encoder,
            hierarchy,
            configuration.Data is FlowDataConfiguration flow
                ? FlowFactory.Likelihood(flow, image.Size, latents, initializer)
            : configuration.Partition is WholePartitionConfiguration whole
                ? PartsFactory.DenseLikelihood(configuration.Data, whole.Codes, image, latents, initializer)
                : CreateBlockwiseLikelihood(configuration, image, latents, graph, initializer));
    }

    private static SelfReflectiveHierarchy CreateHierarchy(
        VariationalModelConfiguration configuration,
        int[] latents,
        CouplingGraph graph,
        ParameterInitializer initializer)
    {
        return new SelfReflectiveHierarchy(
            new SelfReflectiveSettings(latents, graph)
            {
                Bijector = PartsFactory.Bijector(configuration.Bijector),
                CouplePrior = configuration.Coupling.Prior,
                CoupleBijector = configuration.Coupling.Bijector,
                PriorNetwork = configuration.Prior.Network.Design(),
                Grid = Grid(configuration),
                MeanBound = configuration.Prior.MeanBound,
                ScaleFloor = configuration.Prior.ScaleFloor,
                ScaleCeiling = configuration.Prior.ScaleCeiling,
                Residual = configuration.Posterior.Residual,
                InitialResidualScale = configuration.Posterior.InitialScale,
            },
            initializer);
    }

    private static BlockwiseLikelihood CreateBlockwiseLikelihood(
        VariationalModelConfiguration configuration,
        FeatureShape image,
        int[] latents,
        CouplingGraph graph,
        ParameterInitializer initializer)
    {
        if (!image.IsVector && image.Channels > 1
            && configuration is { Data: LogisticMixtureDataConfiguration, Partition: RasterPartitionConfiguration })
        {
            throw new UsageException(
                "Mixtures of logistics are of whole pixels, which raster blocks of colour images cut apart; set "
                + "model.partition.kind to checkerboard or whole, or dataset.gray to true.");
        }

        Partition partition = configuration.Partition switch
        {
            CheckerboardPartitionConfiguration checkerboard =>
                new CheckerboardPartition(image.Channels, image.Height, image.Width, checkerboard.Stride),
            RasterPartitionConfiguration =>
                new RasterPartition(image.Size, configuration.Layers, image.IsVector ? 0 : image.Width),
            _ => throw PartsFactory.Unknown("Partitions", configuration.Partition),
        };
        return new BlockwiseLikelihood(
            new BlockwiseSettings(
                partition,
                configuration.Coupling.Data ? graph : CouplingGraph.Uncoupled(configuration.Layers),
                latents,
                PartsFactory.Family(configuration.Data, image))
            {
                Residual = configuration.Data.Residual,
                Network = configuration.Data.Network.Design(),
                Grid = Grid(configuration),
            },
            initializer);
    }

    private static VariationalModel CreateFlowPosterior(
        FlowPosteriorModelConfiguration configuration,
        FeatureShape image,
        ParameterInitializer initializer)
    {
        var hierarchy = new FlowPosteriorHierarchy(
            new FlowPosteriorSettings(configuration.Latents, configuration.Context)
            {
                Bijector = PartsFactory.Bijector(configuration.Bijector),
                InitialScale = configuration.Posterior.InitialScale,
                ScaleFloor = configuration.Posterior.ScaleFloor,
                ScaleCeiling = configuration.Posterior.ScaleCeiling,
            },
            initializer);
        return new VariationalModel(
            PartsFactory.Encoder(
                configuration.Evidence, 1, image, FeatureShape.Vector(hierarchy.FeatureSize), initializer),
            hierarchy,
            PartsFactory.DenseLikelihood(
                configuration.Data, CodesSeen.All, image, [configuration.Latents], initializer));
    }

    private static VariationalModel CreateLadder(
        LadderModelConfiguration configuration,
        FeatureShape image,
        ParameterInitializer initializer)
    {
        int layers = configuration.Latents.Values.Count;
        int[] latents = configuration.Latents.ForLayers(layers);
        int[] widths = configuration.Widths.ForLayers(layers);
        var hierarchy = new LadderHierarchy(
            new LadderSettings(latents, widths)
            {
                HiddenLayers = configuration.HiddenLayers,
                Activation = configuration.Activation,
                MeanBound = configuration.MeanBound,
                ScaleFloor = configuration.ScaleFloor,
                ScaleCeiling = configuration.ScaleCeiling,
            },
            initializer);
        var encoder = new BottomUpEncoder(
            image.Size,
            widths,
            configuration.HiddenLayers,
            [.. Enumerable.Range(0, layers).Select(hierarchy.FeatureSize)],
            configuration.Activation,
            initializer);
        return new VariationalModel(
            encoder,
            hierarchy,
            PartsFactory.DenseLikelihood(
                configuration.Data, CodesSeen.Last, image, latents, initializer, batchNormalization: true));
    }

    private static VariationalModel CreateRelaxedBernoulli(
        RelaxedBernoulliModelConfiguration configuration,
        FeatureShape image,
        ParameterInitializer initializer)
    {
        var network = (MlpConfiguration)configuration.Network;
        var hierarchy = new RelaxedBernoulliHierarchy(
            new RelaxedBernoulliSettings(configuration.Latents, configuration.Context)
            {
                Hidden = network.Hidden,
                Activation = network.Activation,
                PosteriorTemperature = configuration.PosteriorTemperature,
                PriorTemperature = configuration.PriorTemperature,
            },
            initializer);
        return new VariationalModel(
            PartsFactory.Encoder(
                configuration.Evidence, 1, image, FeatureShape.Vector(hierarchy.FeatureSize), initializer),
            hierarchy,
            PartsFactory.DenseLikelihood(
                configuration.Data, CodesSeen.All, image, [configuration.Latents], initializer));
    }

    private static LatentGrid Grid(VariationalModelConfiguration configuration) => configuration.LatentGrid is { } grid
        ? new LatentGrid(grid.Height, grid.Width)
        : LatentGrid.None;
}
