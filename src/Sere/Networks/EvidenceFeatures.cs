using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// What an evidence encoder says to each layer of a hierarchy: a stack of equal widths, or layers of widths of their own.
/// </summary>
public sealed class EvidenceFeatures
{
    private readonly torch.Tensor? _stack;
    private readonly IReadOnlyList<torch.Tensor>? _layers;

    private EvidenceFeatures(torch.Tensor? stack, IReadOnlyList<torch.Tensor>? layers)
    {
        _stack = stack;
        _layers = layers;
    }

    /// <summary>All layers in one tensor [L, B, F]; null where each has a width of its own.</summary>
    public torch.Tensor? Stack => _stack;

    /// <summary>The features of each layer, [B, F_l].</summary>
    public IReadOnlyList<torch.Tensor> Layers => _layers ?? _stack!.unbind(0);

    /// <summary>Features of equal widths, [L, B, F].</summary>
    public static EvidenceFeatures OfStack(torch.Tensor stack)
    {
        ArgumentNullException.ThrowIfNull(stack);
        return stack.dim() == 3
            ? new EvidenceFeatures(stack, null)
            : throw new ArgumentException(
                $"A stack of features has the shape [L, B, F], not [{string.Join(", ", stack.shape)}].", nameof(stack));
    }

    /// <summary>Features of widths of their own, each [B, F_l].</summary>
    public static EvidenceFeatures OfLayers(IReadOnlyList<torch.Tensor> layers)
    {
        ArgumentNullException.ThrowIfNull(layers);
        return new EvidenceFeatures(null, layers);
    }

    /// <summary>The shapes, as an error shows them.</summary>
    public override string ToString() => _stack is not null
        ? $"[{string.Join(", ", _stack.shape)}]"
        : string.Join(" and ", _layers!.Select(layer => $"[{string.Join(", ", layer.shape)}]"));
}
