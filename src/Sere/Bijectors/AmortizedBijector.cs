using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// A family of bijectors whose parameters are a function of a context (section 3.4.1): f(eps | z; beta(z)). Owns the
/// parameters; <see cref="Bind"/> makes a fresh bijector that borrows what was computed.
/// </summary>
public abstract class AmortizedBijector : torch.nn.Module
{
    /// <summary>Sets the module's name.</summary>
    protected AmortizedBijector(string name)
        : base(name)
    {
    }

    /// <summary>The bijector for a context [..., C], or for none.</summary>
    public abstract Bijector Bind(torch.Tensor? context);
}
