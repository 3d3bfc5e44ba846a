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
    /// <summary>A model with freshly drawn parameters.</summary>
    /// <param name="configuration">What to build.</param>
    /// <param name="shape">The shape of an image.</param>
    /// <param name="seed">Seed of the initial parameters.</param>
    /// <param name="type">Floating-point type of the parameters.</param>
    /// <param name="device">Where the model is; null for the CPU. A model does not move: make it where it is used.</param>
    /// <exception cref="UsageException">The configuration does not fit the data.</exception>
    public static DensityModel Create(
        ModelConfiguration configuration,
        ImageShape shape,
        long seed,
        torch.ScalarType type = torch.ScalarType.Float32,
        torch.Device? device = null)
    {
        var initializer = new ParameterInitializer(seed, type, device);
        int dimensions = shape.Dimensions;
        return configuration switch
        {
            VariationalModelConfiguration variational => CreateVariational(variational, shape, initializer),
            FlowPosteriorModelConfiguration posterior => CreateFlowPosterior(posterior, dimensions, initializer),
            LadderModelConfiguration ladder => CreateLadder(ladder, dimensions, initializer),
            RelaxedBernoulliModelConfiguration relaxed => CreateRelaxedBernoulli(relaxed, dimensions, initializer),
            FlowModelConfiguration flow => FlowFactory.Model(flow, dimensions, initializer),
            _ => throw new UsageException($"Models of the kind {configuration?.GetType().Name} cannot be built."),
        };
    }

    private static VariationalModel CreateVariational(
        VariationalModelConfiguration configuration,
        ImageShape shape,
        ParameterInitializer initializer)
    {
        int dimensions = shape.Dimensions;
        int[] latents = configuration.Latents.ForLayers(configuration.Layers);
        var graph = configuration.Partition is CheckerboardPartitionConfiguration { Graph: CheckerboardGraph.Grid } grid
            ? CouplingGraph.Grid(grid.Stride, grid.Stride)
            : CouplingGraph.Chain(configuration.Layers);
        var hierarchy = CreateHierarchy(configuration, latents, graph, initializer);
        var encoder = PartsFactory.Encoder(
            configuration.Evidence, configuration.Layers, dimensions, hierarchy.FeatureSize, initializer);
        return new VariationalModel(
            encoder,
            hierarchy,
            configuration.Data is FlowDataConfiguration flow
                ? FlowFactory.Likelihood(flow, dimensions, latents, initializer)
            : configuration.Partition is WholePartitionConfiguration whole
                ? PartsFactory.DenseLikelihood(configuration.Data, whole.Codes, dimensions, latents, initializer)
                : CreateBlockwiseLikelihood(configuration, shape, latents, graph, initializer));
    }

    private static SelfReflectiveHierarchy CreateHierarchy(
        VariationalModelConfiguration configuration,
        int[] latents,
        CouplingGraph graph,
        ParameterInitializer initializer)
    {
        var prior = (MlpConfiguration)configuration.Prior.Network;
        return new SelfReflectiveHierarchy(
            new SelfReflectiveSettings(latents, graph)
            {
                Bijector = PartsFactory.Bijector(configuration.Bijector),
                CouplePrior = configuration.Coupling.Prior,
                CoupleBijector = configuration.Coupling.Bijector,
                PriorHidden = prior.Hidden,
                PriorActivation = prior.Activation,
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
        ImageShape shape,
        int[] latents,
        CouplingGraph graph,
        ParameterInitializer initializer)
    {
        var network = (MlpConfiguration)configuration.Data.Network;
        Partition partition = configuration.Partition is CheckerboardPartitionConfiguration checkerboard
            ? new CheckerboardPartition(shape.Channels, shape.Height, shape.Width, checkerboard.Stride)
            : new RasterPartition(shape.Dimensions, configuration.Layers);
        return new BlockwiseLikelihood(
            new BlockwiseSettings(
                partition,
                configuration.Coupling.Data ? graph : CouplingGraph.Uncoupled(configuration.Layers),
                latents,
                PartsFactory.Family(configuration.Data))
            {
                Residual = configuration.Data.Residual,
                Hidden = network.Hidden,
                Activation = network.Activation,
            },
            initializer);
    }

    private static VariationalModel CreateFlowPosterior(
        FlowPosteriorModelConfiguration configuration,
        int dimensions,
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
            PartsFactory.Encoder(configuration.Evidence, 1, dimensions, hierarchy.FeatureSize, initializer),
            hierarchy,
            PartsFactory.DenseLikelihood(
                configuration.Data, CodesSeen.All, dimensions, [configuration.Latents], initializer));
    }

    private static VariationalModel CreateLadder(
        LadderModelConfiguration configuration,
        int dimensions,
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
            dimensions,
            widths,
            configuration.HiddenLayers,
            [.. Enumerable.Range(0, layers).Select(hierarchy.FeatureSize)],
            configuration.Activation,
            initializer);
        return new VariationalModel(
            encoder,
            hierarchy,
            PartsFactory.DenseLikelihood(
                configuration.Data, CodesSeen.Last, dimensions, latents, initializer, batchNormalization: true));
    }

    private static VariationalModel CreateRelaxedBernoulli(
        RelaxedBernoulliModelConfiguration configuration,
        int dimensions,
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
            PartsFactory.Encoder(configuration.Evidence, 1, dimensions, hierarchy.FeatureSize, initializer),
            hierarchy,
            PartsFactory.DenseLikelihood(
                configuration.Data, CodesSeen.All, dimensions, [configuration.Latents], initializer));
    }
}
