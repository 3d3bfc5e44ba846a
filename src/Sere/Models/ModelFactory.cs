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
    /// <param name="dimensions">Dimensions of the data, D.</param>
    /// <param name="seed">Seed of the initial parameters.</param>
    /// <param name="type">Floating-point type of the parameters.</param>
    /// <param name="device">Where the model is; null for the CPU. A model does not move: make it where it is used.</param>
    /// <exception cref="UsageException">The configuration does not fit the data.</exception>
    public static DensityModel Create(
        ModelConfiguration configuration,
        int dimensions,
        long seed,
        torch.ScalarType type = torch.ScalarType.Float32,
        torch.Device? device = null) => configuration switch
        {
            VariationalModelConfiguration variational =>
                CreateVariational(variational, dimensions, new ParameterInitializer(seed, type, device)),
            _ => throw new UsageException($"Models of the kind {configuration?.GetType().Name} cannot be built."),
        };

    private static VariationalModel CreateVariational(
        VariationalModelConfiguration configuration,
        int dimensions,
        ParameterInitializer initializer)
    {
        int[] latents = configuration.Latents.ForLayers(configuration.Layers);
        var chain = CouplingGraph.Chain(configuration.Layers);
        var hierarchy = CreateHierarchy(configuration, latents, chain, initializer);
        var evidence = (MlpConfiguration)((IndependentEvidenceConfiguration)configuration.Evidence).Network;
        var encoder = new IndependentEvidenceEncoder(new StackedMlp(
            configuration.Layers,
            dimensions,
            evidence.Hidden,
            hierarchy.FeatureSize,
            evidence.Activation,
            initializer,
            outputGain: 0.1));
        return new VariationalModel(
            encoder,
            hierarchy,
            CreateLikelihood(configuration, dimensions, latents, chain, initializer));
    }

    private static SelfReflectiveHierarchy CreateHierarchy(
        VariationalModelConfiguration configuration,
        int[] latents,
        CouplingGraph chain,
        ParameterInitializer initializer)
    {
        var prior = (MlpConfiguration)configuration.Prior.Network;
        var bijector = (RankOneAffineConfiguration)configuration.Bijector;
        var bijectorNetwork = (MlpConfiguration)bijector.Network;
        return new SelfReflectiveHierarchy(
            new SelfReflectiveSettings(latents, chain)
            {
                CouplePrior = configuration.Coupling.Prior,
                CoupleBijector = configuration.Coupling.Bijector,
                PriorHidden = prior.Hidden,
                PriorActivation = prior.Activation,
                BijectorHidden = bijectorNetwork.Hidden,
                BijectorActivation = bijectorNetwork.Activation,
                MeanBound = configuration.Prior.MeanBound,
                ScaleFloor = configuration.Prior.ScaleFloor,
                ScaleCeiling = configuration.Prior.ScaleCeiling,
                Residual = configuration.Posterior.Residual,
                InitialResidualScale = configuration.Posterior.InitialScale,
                DiagonalFloor = bijector.DiagonalFloor,
                DiagonalCeiling = bijector.DiagonalCeiling,
            },
            initializer);
    }

    private static BlockwiseLikelihood CreateLikelihood(
        VariationalModelConfiguration configuration,
        int dimensions,
        int[] latents,
        CouplingGraph chain,
        ParameterInitializer initializer)
    {
        var network = (MlpConfiguration)configuration.Data.Network;
        DataFamily family = configuration.Data switch
        {
            GaussianDataConfiguration gaussian => new GaussianFamily(gaussian.ScaleFloor),
            _ => new BernoulliFamily(),
        };
        var graph = configuration.Coupling.Data ? chain : CouplingGraph.Uncoupled(configuration.Layers);
        return new BlockwiseLikelihood(
            new BlockwiseSettings(new RasterPartition(dimensions, configuration.Layers), graph, latents, family)
            {
                Residual = configuration.Data.Residual,
                Hidden = network.Hidden,
                Activation = network.Activation,
            },
            initializer);
    }
}
