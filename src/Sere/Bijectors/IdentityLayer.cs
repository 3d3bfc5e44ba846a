using TorchSharp;

namespace Sere.Bijectors;

/// <summary>The identity as an amortized bijector: it has no parameters and looks at no context.</summary>
public sealed class IdentityLayer : AmortizedBijector
{
    /// <summary>The identity.</summary>
    public IdentityLayer()
        : base(nameof(IdentityLayer))
    {
    }

    /// <inheritdoc/>
    public override Bijector Bind(torch.Tensor? context) => new IdentityBijector();
}
