using Sere.Bijectors;
using Sere.Distributions;
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
        _ => throw Unknown("Bijectors", configuration),
    };

    /// <summary>The encoder from an image to the features of each layer.</summary>
    public static EvidenceEncoder Encoder(
        EvidenceConfiguration configuration,
        int layers,
        FeatureShape image,
        FeatureShape features,
        ParameterInitializer initializer)
    {
        var design = configuration.Network.Design();
        return configuration switch
        {
            BottomUpEvidenceConfiguration => new BottomUpEvidenceEncoder(
                design, layers, InputOf(design, image, "model.evidence"), features, initializer),
            IndependentEvidenceConfiguration => new IndependentEvidenceEncoder(design.CreateStack(
                layers, InputOf(design, image, "model.evidence"), features, initializer, outputGain: 0.1)),
            _ => throw Unknown("Encoders", configuration),
        };
    }

    /// <summary>The distribution of the data.</summary>
    public static DataFamily Family(DataLayerConfiguration configuration, FeatureShape image) => configuration switch
    {
        LogisticMixtureDataConfiguration mixture => new LogisticMixtureFamily(
            new LogisticMixtureSettings(image.IsVector ? 1 : image.Channels, mixture.Mixtures, mixture.Levels, mixture.ScaleFloor)),
        GaussianDataConfiguration gaussian => new GaussianFamily(gaussian.ScaleFloor),
        BernoulliDataConfiguration => new BernoulliFamily(),
        _ => throw Unknown("Pixel distributions", configuration),
    };

    /// <summary>The distribution of the whole image on all codes, or on the last.</summary>
    public static DenseLikelihood DenseLikelihood(
        DataLayerConfiguration configuration,
        CodesSeen codes,
        FeatureShape image,
        IReadOnlyList<int> latents,
        ParameterInitializer initializer,
        bool batchNormalization = false)
    {
        var design = configuration.Network.Design();
        return new DenseLikelihood(
            new DenseSettings(image.Size, latents, Family(configuration, image))
            {
                LayersSeen = codes switch
                {
                    CodesSeen.Last => 1,
                    CodesSeen.All => null,
                },
                Network = design,
                Shape = InputOf(design, image, "model.data"),
                BatchNormalization = batchNormalization,
            },
            initializer);
    }

    /// <summary>The refusal of a kind that nothing here builds.</summary>
    public static UsageException Unknown(string what, object? configuration) =>
        new($"{what} of the kind {configuration?.GetType().Name} cannot be built here.");

    private static BijectorSettings WithNetwork(NetworkConfiguration network) => new() { Network = network.Design() };

    private static FeatureShape InputOf(NetworkDesign design, FeatureShape image, string path) =>
        design.IsConvolutional && image.IsVector
            ? throw new UsageException($"The data are no images, and {path}.network is convolutional; set its kind to mlp.")
            : image;
}
