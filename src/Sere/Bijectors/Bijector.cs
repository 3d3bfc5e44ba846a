using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// An invertible map. An immutable value that borrows its parameter tensors; nothing is remembered between calls.
/// </summary>
internal abstract class Bijector
{
    /// <summary>Number of trailing dimensions that form one event: 0 elementwise, 1 for vectors.</summary>
    public abstract int EventRank { get; }

    /// <summary>
    /// f(x) and log|det of its Jacobian| in nats. The log-determinant has the value's shape without its event dimensions.
    /// </summary>
    public abstract (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x);

    /// <summary>
    /// The inverse of f at y and log|det of the inverse's Jacobian| in nats. The log-determinant has the value's shape
    /// without its event dimensions.
    /// </summary>
    public abstract (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y);

    /// <summary>f(x) alone, for where log-determinants cancel (Proposition 1).</summary>
    public virtual torch.Tensor Transform(torch.Tensor x) => Forward(x).Value;
}

/// <summary>
/// A family of bijectors whose parameters are a function of a context (section 3.4.1): f(eps | z; beta(z)). Owns the
/// parameters; <see cref="Bind"/> makes a fresh bijector that borrows what was computed.
/// </summary>
internal abstract class AmortizedBijector(string name) : torch.nn.Module(name)
{
    /// <summary>The bijector for a context [..., C], or for none.</summary>
    public abstract Bijector Bind(torch.Tensor? context);
}
