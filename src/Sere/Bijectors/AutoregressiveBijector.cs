using Sere.Kernels;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// An autoregressive transformation: element i is mapped elementwise by parameters that are a function of the elements
/// before it. The map is one pass, its inverse takes a pass for each dimension: from data to noise it is the direction of
/// densities of a masked autoregressive flow (Papamakarios et al. 2017) and of RQ-NSF (AR) (Durkan et al. 2019).
/// </summary>
/// <param name="bind">
/// The elementwise bijector of a vector [..., D]; what it does to element i must not depend on elements i..D.
/// </param>
/// <param name="sequential">
/// For values [R, D], what gives the elementwise bijector of each element in turn; null where it cannot.
/// </param>
internal sealed class AutoregressiveBijector(
    Func<torch.Tensor, Bijector> bind, Func<torch.Tensor, SequentialInverse?>? sequential = null) : Bijector
{
    public override int EventRank => 1;

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var (y, logDeterminant) = bind(x).Forward(x);
        return (y, EventSum.Of(logDeterminant, 1));
    }

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        if (!torch.is_grad_enabled() && y.dim() == 2 && sequential?.Invoke(y) is { } inverse)
        {
            return inverse.Invert(y);
        }

        // Pass i makes element i right, since the elements before it are; what is not right yet reaches only later ones.
        var x = torch.zeros_like(y);
        var logDeterminant = x;
        for (long pass = 0; pass < y.shape[^1]; pass++)
        {
            (x, logDeterminant) = bind(x).Inverse(y);
        }

        return (x, EventSum.Of(logDeterminant, 1));
    }
}

/// <summary>
/// A step of an autoregressive flow from data to noise: the parameters of element i are a function of the elements before it
/// and of the context, by a <see cref="ConditionalMade"/>. It starts near the identity.
/// </summary>
internal abstract class AutoregressiveLayer : AmortizedBijector
{
    // Small enough that a step starts near the identity, large enough that every weight has a gradient.
    private const double OutputGain = 0.1;
    private readonly ConditionalMade _network;

    /// <summary>A step with freshly drawn parameters.</summary>
    /// <param name="name">The module's name.</param>
    /// <param name="dimensions">D.</param>
    /// <param name="context">Size of the context; 0 for none.</param>
    /// <param name="parameters">Parameters of an element, P.</param>
    /// <param name="hidden">Hidden widths.</param>
    /// <param name="activation">Activation of the hidden layers.</param>
    /// <param name="initializer">Draws the weights.</param>
    /// <param name="step">Which step of its flow, from 0: steps see the inputs in different groups.</param>
    protected AutoregressiveLayer(
        string name,
        int dimensions,
        int context,
        int parameters,
        IReadOnlyList<int> hidden,
        Activation activation,
        ParameterInitializer initializer,
        int step)
        : base(name)
    {
        _network = new ConditionalMade(
            dimensions, context, hidden, parameters, activation, initializer, OutputGain, ConditionalMade.Phase(step));
#pragma warning disable MA0056 // No step overrides how modules are registered.
        register_module("network", _network);
#pragma warning restore MA0056
    }

    public override Bijector Bind(torch.Tensor? context)
    {
        var network = _network.Bind(context);
        return new AutoregressiveBijector(
            x => Elementwise(network.Forward(x)),
            y => context is null || (context.dim() == 2 && context.shape[0] == y.shape[0])
                ? new SequentialInverse(network.Sequential(y), Elementwise)
                : null);
    }

    /// <summary>The elementwise bijector of parameters [..., P D]: all first ones, then all second ones.</summary>
    protected abstract Bijector Elementwise(torch.Tensor parameters);

    /// <summary>The elementwise bijector of P parameters of one element, each [R].</summary>
    protected abstract Bijector Elementwise(torch.Tensor[] parts);
}

/// <summary>
/// One step of a masked autoregressive flow (Papamakarios et al. 2017) from data to noise: u_i = (x_i - m_i) exp(-a_i) with
/// (m_i, a_i) a function of x_1..x_{i-1} and of the context. The log-scale a is bounded by 5 tanh(a / 5), so that no step
/// can grow without limit.
/// </summary>
internal sealed class MaskedAutoregressiveLayer(
    int dimensions, int context, IReadOnlyList<int> hidden, Activation activation, ParameterInitializer initializer, int step = 0)
    : AutoregressiveLayer(
        nameof(MaskedAutoregressiveLayer), dimensions, context, 2, hidden, activation, initializer, step)
{
    private const double LogScaleBound = 5;

    protected override Bijector Elementwise(torch.Tensor parameters) => Elementwise(parameters.chunk(2, -1));

    protected override Bijector Elementwise(torch.Tensor[] parts) =>
        new StandardizingBijector(parts[0], SmoothBounds.Symmetric(parts[1], LogScaleBound));
}

/// <summary>
/// The inverse of an autoregressive map element by element, by a <see cref="SequentialMade"/>: as many steps as passes
/// otherwise, but each of a small part of the network alone. Without gradients.
/// </summary>
/// <param name="network">Before its first input.</param>
/// <param name="bind">The elementwise bijector of one element from its parameters, each [R].</param>
internal sealed class SequentialInverse(SequentialMade network, Func<torch.Tensor[], Bijector> bind)
{
    /// <summary>The inverse at y [R, D], and its log-determinant [R].</summary>
    public (torch.Tensor Value, torch.Tensor LogDeterminant) Invert(torch.Tensor y)
    {
        var x = torch.zeros_like(y);
        var total = torch.zeros(y.shape[0], y.dtype, y.device);
        for (long element = 0; element < y.shape[1]; element++)
        {
            using var scope = torch.NewDisposeScope();
            var (value, logDeterminant) = bind(network.Next()).Inverse(y.select(1, element));
            x.select(1, element).copy_(value);
            total.PlusInPlace(logDeterminant);
            network.Give(value);
        }

        return (x, total);
    }
}
