using Sere.Kernels;
using Sere.Networks;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// One step of a neural spline flow with autoregressive transformations, RQ-NSF (AR) (Durkan et al. 2019), from data to
/// noise: the rational-quadratic spline of element i is a function of the elements before it and of the context.
/// </summary>
internal sealed class NeuralSplineAutoregressiveLayer(
    int dimensions,
    int context,
    SplineSettings splines,
    IReadOnlyList<int> hidden,
    Activation activation,
    ParameterInitializer initializer,
    int step = 0)
    : AutoregressiveLayer(
        nameof(NeuralSplineAutoregressiveLayer),
        dimensions,
        context,
        splines.ParametersPerDimension,
        hidden,
        activation,
        initializer,
        step)
{
    protected override Bijector Elementwise(torch.Tensor parameters) => new RationalQuadraticSplineBijector(
        parameters.view([.. parameters.shape[..^1], splines.ParametersPerDimension, -1]).transpose(-1, -2), splines);

    protected override Bijector Elementwise(torch.Tensor[] parts) =>
        new RationalQuadraticSplineBijector(torch.stack(parts, -1), splines);
}
