using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// Maps the evidence x to one feature tensor per layer of a hierarchy, which fixes what the features mean.
/// </summary>
public abstract class EvidenceEncoder : torch.nn.Module
{
    /// <summary>Sets the module's name.</summary>
    protected EvidenceEncoder(string name)
        : base(name)
    {
    }

    /// <summary>x [B, D] to the features of each layer, [B, F_l].</summary>
    public abstract EvidenceFeatures Encode(torch.Tensor x);
}
