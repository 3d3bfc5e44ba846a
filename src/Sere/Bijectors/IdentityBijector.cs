using TorchSharp;

namespace Sere.Bijectors;

/// <summary>f(x) = x, elementwise.</summary>
internal sealed class IdentityBijector : Bijector
{
    public override int EventRank => 0;

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        return (x.alias(), torch.zeros_like(x));
    }

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y) => Forward(y);

    public override torch.Tensor Transform(torch.Tensor x)
    {
        return x.alias();
    }
}

/// <summary>z = eps: no map. JSON kind "identity".</summary>
public sealed record Identity : BijectorChoice
{
    internal override bool HasParameters => false;

    internal override bool CanStack => true;

    internal override AmortizedBijector Build(BijectorSlot slot) => new IdentityLayer();
}

/// <summary>The identity as an amortized bijector: it has no parameters and looks at no context.</summary>
internal sealed class IdentityLayer() : AmortizedBijector(nameof(IdentityLayer))
{
    public override Bijector Bind(torch.Tensor? context) => new IdentityBijector();
}
