using System.Text.Json.Serialization;
using Sere.Networks;
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

/// <summary>The inverse of a bijector, as a bijector.</summary>
/// <param name="inner">f, of which it is the inverse.</param>
internal sealed class InverseBijector(Bijector inner) : Bijector
{
    public override int EventRank => inner.EventRank;

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x) => inner.Inverse(x);

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y) => inner.Forward(y);
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

/// <summary>The invertible map f_l from base variables to a layer's code.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = KindMember)]
[JsonDerivedType(typeof(Identity), "identity")]
[JsonDerivedType(typeof(DiagonalAffine), "diagonal-affine")]
[JsonDerivedType(typeof(RankOneAffine), "rank-one-affine")]
[JsonDerivedType(typeof(InverseAutoregressive), "inverse-autoregressive")]
[JsonDerivedType(typeof(SplineCoupling), "spline-coupling")]
[JsonDerivedType(typeof(FlowBijector), "flow")]
public abstract record BijectorChoice : Choice
{
    /// <summary>Whether the map has parameters, which a context can give.</summary>
    internal virtual bool HasParameters => true;

    /// <summary>
    /// Whether its parameters come from one network of a source, so that the maps of several layers can run at once.
    /// </summary>
    internal virtual bool CanStack => false;

    /// <summary>The bijector with freshly drawn parameters.</summary>
    internal abstract AmortizedBijector Build(BijectorSlot slot);
}

/// <summary>What a bijector is built for.</summary>
/// <param name="Latents">N.</param>
/// <param name="Context">Size of the context; 0 for learned constants.</param>
/// <param name="Grid">The grid on which the latents lie.</param>
/// <param name="Initializer">Draws the parameters.</param>
/// <param name="Source">Makes the network that gives the parameters of an affine map.</param>
internal sealed record BijectorSlot(
    int Latents, int Context, LatentGrid Grid, ParameterInitializer Initializer, NetworkSource Source);

/// <summary>An affine map, whose diagonal d is bounded around 1, where it starts.</summary>
public abstract record AffineChoice : BijectorChoice
{
    // Small enough that a layer starts near its identity, large enough that every direction has a gradient.
    private const double HeadGain = 0.1;

    /// <summary>The network from z_{l-1} to its parameters; the first layer's are learned constants.</summary>
    public NetworkDesign Network { get; init; } = new PerceptronDesign();

    /// <summary>Smallest d.</summary>
    [In("(0, 1)")] public double DiagonalFloor { get; init; } = 0.05;

    /// <summary>Largest d.</summary>
    [In("(1, inf)")] public double DiagonalCeiling { get; init; } = 2;

    internal override bool CanStack => true;

    /// <summary>What gives so many values for each latent.</summary>
    private protected ContextNetwork Parameters(BijectorSlot slot, int perLatent)
    {
        int values = perLatent * slot.Latents;
        return slot.Context > 0
            ? new ContextNetwork(slot.Source(Network, slot.Grid.Shape(slot.Context), slot.Grid.Shape(values), HeadGain))
            : new ContextNetwork(slot.Initializer.Normal(HeadGain, values));
    }
}
