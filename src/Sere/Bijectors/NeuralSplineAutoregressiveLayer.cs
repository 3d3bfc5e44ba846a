using Sere.Kernels;
using Sere.Networks;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// One step of a neural spline flow with autoregressive transformations, RQ-NSF (AR) (Durkan et al. 2019), from data to
/// noise: the rational-quadratic spline of element i is a function of the elements before it and of the context, by a
/// <see cref="ConditionalMade"/>. It starts near the identity.
/// </summary>
internal sealed class NeuralSplineAutoregressiveLayer : AmortizedBijector
{
    // Small enough that a step starts near the identity, large enough that every weight has a gradient.
    private const double OutputGain = 0.1;
    private readonly ConditionalMade _network;
    private readonly SplineSettings _splines;

    /// <summary>A step with freshly drawn parameters.</summary>
    /// <param name="dimensions">D.</param>
    /// <param name="context">Size of the context; 0 for none.</param>
    /// <param name="splines">Bins and bound of the splines.</param>
    /// <param name="hidden">Hidden widths.</param>
    /// <param name="activation">Activation of the hidden layers.</param>
    /// <param name="initializer">Draws the weights.</param>
    /// <param name="step">Which step of its flow, from 0: steps see the inputs in different groups.</param>
    public NeuralSplineAutoregressiveLayer(
        int dimensions,
        int context,
        SplineSettings splines,
        IReadOnlyList<int> hidden,
        Activation activation,
        ParameterInitializer initializer,
        int step = 0)
        : base(nameof(NeuralSplineAutoregressiveLayer))
    {
        _splines = splines;
        _network = new ConditionalMade(
            dimensions,
            context,
            hidden,
            splines.ParametersPerDimension,
            activation,
            initializer,
            OutputGain,
            ConditionalMade.Phase(step));
        register_module("network", _network);
    }

    public override Bijector Bind(torch.Tensor? context)
    {
        var network = _network.Bind(context);
        return new AutoregressiveBijector(
            x =>
            {
                // All first parameters stand before all second ones.
                var parameters = network.Forward(x);
                return new RationalQuadraticSplineBijector(
                    parameters.view([.. parameters.shape[..^1], _splines.ParametersPerDimension, -1]).transpose(-1, -2),
                    _splines);
            },
            y => context is null || (context.dim() == 2 && context.shape[0] == y.shape[0])
                ? new SequentialInverse(
                    network.Sequential(y),
                    parts => new RationalQuadraticSplineBijector(torch.stack(parts, -1), _splines))
                : null);
    }
}
