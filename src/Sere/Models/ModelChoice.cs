using System.Text.Json.Serialization;
using Sere.Bijectors;
using Sere.Data;
using Sere.Distributions;
using Sere.Likelihoods;
using Sere.Networks;
using TorchSharp;

namespace Sere.Models;

/// <summary>A density model of the data.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = KindMember)]
[JsonDerivedType(typeof(VariationalAutoencoder), "variational")]
[JsonDerivedType(typeof(FlowPosteriorAutoencoder), "flow-posterior")]
[JsonDerivedType(typeof(LadderAutoencoder), "ladder")]
[JsonDerivedType(typeof(RelaxedBernoulliAutoencoder), "relaxed-bernoulli")]
[JsonDerivedType(typeof(DrawAutoencoder), "draw")]
[JsonDerivedType(typeof(NormalizingFlow), "flow")]
[JsonDerivedType(typeof(PixelCnn), "pixel-cnn")]
public abstract record ModelChoice : Choice
{
    /// <summary>The distribution of the data, which says what data the model takes.</summary>
    internal abstract DataChoice DataLayer { get; }

    /// <summary>A model of images with freshly drawn parameters.</summary>
    /// <param name="shape">Shape of an image; of height 1 it is a plain vector.</param>
    /// <param name="seed">Seed of the initial parameters.</param>
    /// <param name="type">Floating-point type of the parameters.</param>
    /// <param name="device">Where the model is; null for the CPU. A model does not move: make it where it is used.</param>
    /// <exception cref="UsageException">The choice does not fit the data.</exception>
    public DensityModel Build(
        ImageShape shape, long seed, torch.ScalarType type = torch.ScalarType.Float32, torch.Device? device = null) => Build(
            Features(shape), new ParameterInitializer(seed, type, device));

    /// <summary>A model of images whose parameters are to be loaded: none are drawn.</summary>
    /// <exception cref="UsageException">The choice does not fit the data.</exception>
    internal DensityModel BuildToLoad(ImageShape shape, long seed, torch.Device? device) =>
        Build(Features(shape), new ParameterInitializer(seed, device: device) { IsLoaded = true });

    /// <summary>A model of data that stand for channels of a grid, or for a vector.</summary>
    /// <exception cref="UsageException">The choice does not fit the data.</exception>
    internal abstract DensityModel Build(FeatureShape image, ParameterInitializer initializer);

    private static FeatureShape Features(ImageShape shape) => shape.Height == 1
        ? FeatureShape.Vector(shape.Dimensions)
        : new FeatureShape(shape.Channels, shape.Height, shape.Width);
}

/// <summary>A normalizing flow whose log-likelihood is exact, without latents. JSON kind "flow".</summary>
public sealed record NormalizingFlow : ModelChoice
{
    /// <summary>The steps of the flow.</summary>
    public FlowChoice Flow { get; init; } = new MaskedAutoregressiveFlow();

    /// <summary>The distribution that it starts from.</summary>
    public FlowBaseKind Base { get; init; } = FlowBaseKind.Standard;

    /// <summary>Where data is taken to before the first step.</summary>
    public PreprocessingChoice Preprocessing { get; init; } = new Standardize();

    internal override FlowData DataLayer => new() { Flow = Flow, Base = Base, Preprocessing = Preprocessing };

    internal override DensityModel Build(FeatureShape image, ParameterInitializer initializer) =>
        new(DataLayer.BuildFlow(image.Size, [], initializer));
}

/// <summary>
/// The pixels in raster order, each given those before it, without latents: a gated PixelCNN (van den Oord et al. 2016), whose
/// log-likelihood is exact. JSON kind "pixel-cnn".
/// </summary>
public sealed record PixelCnn : ModelChoice
{
    /// <summary>The distribution of a pixel; its network and residual, which are of codes, are unused.</summary>
    public DataChoice Data { get; init; } = new BernoulliData { Pixels = new MaskedConvolutionPixels() };

    internal override DataChoice DataLayer => Data;

    internal override void CheckTogether(string path)
    {
        Data.RequireFactorized($"{path}.data");
        Require(
            Data.Pixels is not FactorizedPixels,
            $"{path}.data.pixels.kind",
            Data.Pixels.Kind,
            $"masked-convolution or row-lstm where {path}.kind is {Kind}");
    }

    internal override DensityModel Build(FeatureShape image, ParameterInitializer initializer) =>
        new(Data.BuildAlone(image, initializer));
}
