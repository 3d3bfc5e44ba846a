using Sere.Distributions;
using Sere.Networks;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>p(x | z_1..z_L) = p(x | c_L), with c_L the canvas on which DRAW has added what each code says.</summary>
internal sealed class DrawLikelihood : Likelihood
{
    private readonly DataFamily _family;

    /// <summary>A likelihood with freshly drawn parameters.</summary>
    /// <param name="image">What x stands for.</param>
    /// <param name="family">The distribution of a pixel.</param>
    /// <param name="settings">Form of the decoder.</param>
    /// <param name="initializer">Draws the parameters.</param>
    /// <exception cref="UsageException">The data are no images.</exception>
    public DrawLikelihood(FeatureShape image, DataFamily family, DrawSettings settings, ParameterInitializer initializer)
        : base(nameof(DrawLikelihood))
    {
        if (image.IsVector)
        {
            throw new UsageException("DRAW looks at places of an image, and the data are none; set model.kind to another.");
        }

        (Dimensions, _family) = (image.Size, family);
        Decoder = new DrawDecoder(
            settings, image.WithChannels(family.ParameterCount(image.Size) / image.Positions), initializer);
        register_module("decoder", Decoder);
    }

    /// <summary>The decoder, which the posterior follows.</summary>
    public DrawDecoder Decoder { get; }

    public override int Dimensions { get; }

    public override string Space => _family.Space;

    /// <summary>The mean of x, [..., D], of a canvas.</summary>
    public torch.Tensor Mean(torch.Tensor canvas) => _family.Bind(canvas).Mean;

    public override torch.Tensor LogProb(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence)
    {
        var canvas = Canvas(codes);
        var mask = torch.ones_like(evidence.Blocks.narrow(1, 0, 1));
        var perSample = canvas.dim() == 2 ? canvas.unsqueeze(0) : canvas;
        var result = _family.LogLikelihood(perSample.unsqueeze(0), evidence.Blocks, mask);
        return canvas.dim() == 2 ? result.squeeze(0) : result;
    }

    public override DataDistribution Step(
        int block, IReadOnlyList<torch.Tensor> codes, IReadOnlyList<torch.Tensor> previousBlocks) =>
        _family.Bind(Canvas(codes));

    public override void InitializeOutput(torch.Tensor mean)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        Decoder.InitializeOutput(_family.InitialParameters(mean));
    }

    protected override DataEvidence Evidence(torch.Tensor x) => new(x.unsqueeze(0), null);

    protected override DataDistribution BlockDistributions(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence) =>
        _family.Bind(Canvas(codes).unsqueeze(0));

    private torch.Tensor Canvas(IReadOnlyList<torch.Tensor> codes) => codes.Aggregate(Decoder.Start(), Decoder.Next).Canvas;
}
