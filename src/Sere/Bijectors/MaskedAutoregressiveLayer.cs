using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// One step of a masked autoregressive flow (Papamakarios et al. 2017) from data to noise: u_i = (x_i - m_i) exp(-a_i) with
/// (m_i, a_i) a function of x_1..x_{i-1} and of the context, by a <see cref="ConditionalMade"/>. The log-scale a is bounded
/// by 5 tanh(a / 5), so that no step can grow without limit. It starts near the identity.
/// </summary>
public sealed class MaskedAutoregressiveLayer : AmortizedBijector
{
    private const double LogScaleBound = 5;

    // Small enough that a step starts near the identity, large enough that every weight has a gradient.
    private const double OutputGain = 0.1;
    private readonly ConditionalMade _network;

    /// <summary>A step with freshly drawn parameters.</summary>
    /// <param name="dimensions">D.</param>
    /// <param name="context">Size of the context; 0 for none.</param>
    /// <param name="hidden">Hidden widths.</param>
    /// <param name="activation">Activation of the hidden layers.</param>
    /// <param name="initializer">Draws the weights.</param>
    /// <param name="step">Which step of its flow, from 0: steps see the inputs in different groups.</param>
    public MaskedAutoregressiveLayer(
        int dimensions,
        int context,
        IReadOnlyList<int> hidden,
        Activation activation,
        ParameterInitializer initializer,
        int step = 0)
        : base(nameof(MaskedAutoregressiveLayer))
    {
        _network = new ConditionalMade(
            dimensions, context, hidden, 2, activation, initializer, OutputGain, ConditionalMade.Phase(step));
        register_module("network", _network);
    }

    /// <inheritdoc/>
    public override Bijector Bind(torch.Tensor? context)
    {
        var network = _network.Bind(context);
        return new AutoregressiveBijector(
            x => Elementwise(network.Forward(x).chunk(2, -1)),
            y => context is null || (context.dim() == 2 && context.shape[0] == y.shape[0])
                ? new SequentialInverse(network.Sequential(y), Elementwise)
                : null);
    }

    private static StandardizingBijector Elementwise(torch.Tensor[] parts) =>
        new(parts[0], SmoothBounds.Symmetric(parts[1], LogScaleBound));
}
