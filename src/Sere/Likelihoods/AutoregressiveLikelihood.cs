using Sere.Distributions;
using Sere.Networks;
using Sere.Partitions;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>
/// p(x) = prod p(x_i | x_1..x_{i-1}) over the pixels in raster order, without codes: the gated PixelCNN of van den Oord et al.
/// (2016). Exact; a draw goes pixel by pixel.
/// </summary>
internal sealed class AutoregressiveLikelihood : Likelihood
{
    private readonly DataFamily _family;
    private readonly AutoregressivePixels _pixels;

    /// <summary>A likelihood with freshly drawn parameters.</summary>
    /// <param name="image">What x stands for.</param>
    /// <param name="family">The distribution of a pixel.</param>
    /// <param name="pixels">How each depends on those before it.</param>
    /// <param name="initializer">Draws the parameters.</param>
    /// <exception cref="UsageException">The data are no images.</exception>
    public AutoregressiveLikelihood(
        FeatureShape image, DataFamily family, PixelChoice pixels, ParameterInitializer initializer)
        : base(nameof(AutoregressiveLikelihood))
    {
        (Dimensions, _family) = (image.Size, family);
        _pixels = pixels.Build(new WholePartition(image), family, isConditional: false, initializer)
            ?? throw new ArgumentException("Without codes and without each other pixels know nothing.", nameof(pixels));
        register_module("pixels", _pixels);
    }

    public override int Dimensions { get; }

    public override string Space => _family.Space;

    public override torch.Tensor LogProb(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence)
    {
        var parameters = Parameters(evidence);
        var mask = torch.ones_like(evidence.Blocks.narrow(1, 0, 1));
        return _family.LogLikelihood(parameters, evidence.Blocks, mask).squeeze(0);
    }

    public override DataDistribution Step(
        int block, IReadOnlyList<torch.Tensor> codes, IReadOnlyList<torch.Tensor> previousBlocks) =>
        _pixels.Bind(block, context: null);

    public override void InitializeOutput(torch.Tensor mean)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        _pixels.InitializeOutput(_family.InitialParameters(mean).unsqueeze(0));
    }

    public override torch.Tensor Noise(DataEvidence evidence) => throw new SereException(
        "A model of pixels without latents has no codes; name a run of a model with latents, or of a flow.");

    protected override DataEvidence Evidence(torch.Tensor x) => new(x.unsqueeze(0), null);

    protected override DataDistribution BlockDistributions(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence) =>
        _family.Bind(Parameters(evidence));

    /// <summary>The parameters of all pixels, each given the true pixels before it: [1, 1, B, P D / C].</summary>
    private torch.Tensor Parameters(DataEvidence evidence) => _pixels.Parameters(null, evidence.Blocks, 0).unsqueeze(1);
}
