using TorchSharp;

namespace Sere.Bijectors;

/// <summary>The reversal as an amortized bijector: it has no parameters and looks at no context.</summary>
public sealed class ReversalLayer : AmortizedBijector
{
    /// <summary>The reversal.</summary>
    public ReversalLayer()
        : base(nameof(ReversalLayer))
    {
    }

    /// <inheritdoc/>
    public override Bijector Bind(torch.Tensor? context) => new ReversalBijector();
}
