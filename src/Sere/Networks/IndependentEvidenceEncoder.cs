using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// The paper's "independent deterministic encoders" (section 4.1.1): one network a layer, all on the whole of x and
/// none on a latent code, so that all layers are encoded at once.
/// </summary>
public sealed class IndependentEvidenceEncoder : EvidenceEncoder
{
    private readonly StackedNetwork _networks;

    /// <summary>Encoders that these networks are: <paramref name="networks"/>.</summary>
    public IndependentEvidenceEncoder(StackedNetwork networks)
        : base(nameof(IndependentEvidenceEncoder))
    {
        _networks = networks;
        register_module("networks", networks);
    }

    /// <inheritdoc/>
    public override EvidenceFeatures Encode(torch.Tensor x) => EvidenceFeatures.OfStack(_networks.Forward(x));

    /// <summary>Layer <paramref name="layer"/>'s features alone, [B, F].</summary>
    public torch.Tensor EncodeOne(int layer, torch.Tensor x) => _networks.ForwardOne(layer, x).Output;
}
