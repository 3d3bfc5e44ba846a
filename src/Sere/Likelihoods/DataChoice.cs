using System.Text.Json.Serialization;
using Sere.Networks;
using Sere.Partitions;

namespace Sere.Likelihoods;

/// <summary>
/// The distribution of the data given codes, or of a block of it (eq. 3). It says itself what data it takes, so that
/// nothing else asks for its kind.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = KindMember)]
[JsonDerivedType(typeof(BernoulliData), "bernoulli")]
[JsonDerivedType(typeof(GaussianData), "gaussian")]
[JsonDerivedType(typeof(LogisticMixtureData), "logistic-mixture")]
[JsonDerivedType(typeof(FlowData), "flow")]
public abstract record DataChoice : Choice
{
    /// <summary>What delta_l sees: x_{l-1} and z_l, or x_{l-1}; it matters where the data coupling is on.</summary>
    [JsonPropertyOrder(-1)] public DataResidual Residual { get; init; } = DataResidual.Joint;

    /// <summary>Each network of a data layer: from the code, from the block before, and of their join.</summary>
    [JsonPropertyOrder(-1)] public NetworkDesign Network { get; init; } = new PerceptronDesign();

    /// <summary>How the pixels of a block depend on each other, given what the block is given.</summary>
    [JsonPropertyOrder(-1)] public PixelChoice Pixels { get; init; } = new FactorizedPixels();

    /// <summary>Whether it is of binary values, and of no others.</summary>
    internal virtual bool TakesBinary => false;

    /// <summary>The levels of a value, where it gives them masses and takes nothing between them.</summary>
    internal virtual int? WholeLevels => null;

    /// <summary>Where a density takes data to, for which levels are no values; null where it is no flow.</summary>
    internal virtual PreprocessingChoice? FlowSpace => null;

    /// <summary>What <c>dataset.binarization</c> has to be and why, to follow "it must be".</summary>
    internal virtual string Binarization => $"none where model.data.kind is {Kind}: binary values have no density";

    /// <summary>Refuses it where the image is given codes by one network.</summary>
    internal virtual void RequireFactorized(string path)
    {
    }

    /// <summary>Refuses a cut of the image that it cannot be given.</summary>
    internal virtual void RequirePartition(PartitionChoice partition, string path)
    {
    }

    /// <summary>p(x | z) with freshly drawn parameters.</summary>
    /// <param name="image">What x stands for.</param>
    /// <param name="latents">N_l of each layer.</param>
    /// <param name="partition">How x is cut.</param>
    /// <param name="isCoupled">Whether a block sees those before it.</param>
    /// <param name="grid">The grid on which the latents lie.</param>
    /// <param name="initializer">Draws the parameters.</param>
    /// <exception cref="UsageException">It does not fit the data.</exception>
    internal virtual Likelihood Build(
        FeatureShape image,
        IReadOnlyList<int> latents,
        PartitionChoice partition,
        bool isCoupled,
        LatentGrid grid,
        ParameterInitializer initializer)
    {
        if (partition.IsWhole)
        {
            return BuildWhole(image, latents, partition.LayersSeen, initializer);
        }

        var family = Family(image);
        if (family.Channels > 1 && !partition.KeepsPixels)
        {
            throw new UsageException(
                "Mixtures of logistics are of whole pixels, which raster blocks of colour images cut apart; set "
                + "model.partition.kind to checkerboard or whole, or dataset.gray to true.");
        }

        int layers = latents.Count;
        return new BlockwiseLikelihood(
            new BlockwiseSettings(
                partition.Build(layers, image),
                isCoupled ? partition.BuildGraph(layers) : CouplingGraph.Uncoupled(layers),
                latents,
                family)
            {
                Residual = Residual,
                Network = Network,
                Pixels = Pixels,
                Grid = grid,
            },
            initializer);
    }

    /// <summary>p(x | z) of the whole image on all codes, or on the last.</summary>
    internal BlockwiseLikelihood BuildWhole(
        FeatureShape image,
        IReadOnlyList<int> latents,
        int? layersSeen,
        ParameterInitializer initializer,
        bool batchNormalization = false) => new(
            BlockwiseSettings.Whole(Network.Input(image, "model.data.network"), latents, Family(image), layersSeen) with
            {
                Network = Network,
                Pixels = Pixels,
                BatchNormalization = batchNormalization,
            },
            initializer);

    /// <summary>p(x) of the whole image, without codes.</summary>
    internal AutoregressiveLikelihood BuildAlone(FeatureShape image, ParameterInitializer initializer) =>
        new(image, Family(image), Pixels, initializer);

    /// <summary>p(x | z) of the whole image on the canvas of DRAW.</summary>
    internal DrawLikelihood BuildCanvas(FeatureShape image, DrawSettings settings, ParameterInitializer initializer) =>
        new(image, Family(image), settings, initializer);

    /// <summary>The distribution of a position.</summary>
    private protected abstract DataFamily Family(FeatureShape image);
}
