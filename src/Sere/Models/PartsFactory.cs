using Sere.Bijectors;
using Sere.Likelihoods;
using Sere.Models.Configuration;
using Sere.Networks;

namespace Sere.Models;

/// <summary>What several kinds of models are built of, from its configuration.</summary>
internal static class PartsFactory
{
    /// <summary>How a layer's bijector is built.</summary>
    public static BijectorSettings Bijector(BijectorConfiguration configuration) => configuration switch
    {
        RankOneAffineConfiguration rankOne => WithNetwork(rankOne.Network) with
        {
            Kind = BijectorKind.RankOneAffine,
            DiagonalFloor = rankOne.DiagonalFloor,
            DiagonalCeiling = rankOne.DiagonalCeiling,
        },
        DiagonalAffineConfiguration diagonal => WithNetwork(diagonal.Network) with
        {
            Kind = BijectorKind.DiagonalAffine,
            DiagonalFloor = diagonal.DiagonalFloor,
            DiagonalCeiling = diagonal.DiagonalCeiling,
        },
        InverseAutoregressiveConfiguration flow => WithNetwork(flow.Network) with
        {
            Kind = BijectorKind.InverseAutoregressive,
            FlowSteps = flow.Steps,
            GateFloor = flow.GateFloor,
        },
        SplineCouplingConfiguration spline => WithNetwork(spline.Network) with
        {
            Kind = BijectorKind.SplineCoupling,
            FlowSteps = spline.Steps,
            Splines = new SplineSettings(spline.Bins, spline.TailBound),
        },
        IdentityBijectorConfiguration => new BijectorSettings { Kind = BijectorKind.Identity },
        _ => throw new UsageException($"Bijectors of the kind {configuration?.GetType().Name} cannot be built."),
    };

    /// <summary>One encoder a layer, each from the whole image to as many features.</summary>
    public static IndependentEvidenceEncoder Encoder(
        EvidenceConfiguration configuration,
        int layers,
        int dimensions,
        int features,
        ParameterInitializer initializer)
    {
        var network = (MlpConfiguration)((IndependentEvidenceConfiguration)configuration).Network;
        return new IndependentEvidenceEncoder(new StackedMlp(
            layers, dimensions, network.Hidden, features, network.Activation, initializer, outputGain: 0.1));
    }

    /// <summary>The distribution of one data dimension.</summary>
    public static DataFamily Family(DataLayerConfiguration configuration) => configuration switch
    {
        GaussianDataConfiguration gaussian => new GaussianFamily(gaussian.ScaleFloor),
        _ => new BernoulliFamily(),
    };

    /// <summary>The distribution of the whole image on all codes, or on the last.</summary>
    public static DenseLikelihood DenseLikelihood(
        DataLayerConfiguration configuration,
        CodesSeen codes,
        int dimensions,
        IReadOnlyList<int> latents,
        ParameterInitializer initializer,
        bool batchNormalization = false)
    {
        var network = (MlpConfiguration)configuration.Network;
        return new DenseLikelihood(
            new DenseSettings(dimensions, latents, Family(configuration))
            {
                LayersSeen = codes == CodesSeen.Last ? 1 : null,
                Hidden = network.Hidden,
                Activation = network.Activation,
                BatchNormalization = batchNormalization,
            },
            initializer);
    }

    private static BijectorSettings WithNetwork(NetworkConfiguration network) => new()
    {
        Hidden = ((MlpConfiguration)network).Hidden,
        Activation = ((MlpConfiguration)network).Activation,
    };
}
