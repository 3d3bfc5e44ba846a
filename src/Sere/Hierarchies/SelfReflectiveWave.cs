using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>Layers of a coupling graph that do not see each other, and run at once.</summary>
/// <param name="Members">The layers, in order.</param>
/// <param name="Stacked">All of them, on tensors whose first dimension is the member; null where there is one alone.</param>
/// <param name="ContextSize">Size of the largest context among them; the others are padded with zeros.</param>
internal sealed record SelfReflectiveWave(IReadOnlyList<int> Members, SelfReflectiveLayer? Stacked, int ContextSize)
{
    /// <summary>The evidence of the members, as the stacked layer takes it with noise [S, ..., B, N].</summary>
    public LayerEvidence Evidence(IReadOnlyList<LayerEvidence> evidence, bool hasSamples)
    {
        var parts = Members.Select(member => (EvidenceResiduals)evidence[member]).ToArray();
        var mean = torch.stack([.. parts.Select(part => part.Mean)]);
        var logScale = torch.stack([.. parts.Select(part => part.LogScale)]);
        return hasSamples
            ? new EvidenceResiduals(mean.unsqueeze(1), logScale.unsqueeze(1))
            : new EvidenceResiduals(mean, logScale);
    }

    /// <summary>The contexts of the members, [S, ..., C].</summary>
    public torch.Tensor Contexts(IEnumerable<torch.Tensor> contexts) => torch.stack(
        [.. contexts.Select(context => torch.nn.functional.pad(context, [0, ContextSize - context.shape[^1]]))]);
}
