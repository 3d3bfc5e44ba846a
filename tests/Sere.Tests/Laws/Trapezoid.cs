using Sere.Numerics;
using TorchSharp;

namespace Sere.Tests.Laws;

/// <summary>
/// The trapezoid rule over a box [-b_1, b_1] x ... x [-b_n, b_n] of at least two dimensions: for an analytic integrand that vanishes at the
/// ends its error falls exponentially with 1/step.
/// </summary>
internal sealed class Trapezoid
{
    private readonly (torch.Tensor Points, torch.Tensor Weights)[] _axes;

    public Trapezoid(double step, params double[] bounds)
    {
        _axes = [.. bounds.Select(bound => Axis(bound, step))];
    }

    /// <summary>Points [P] and weights [P] of one dimension.</summary>
    public static (torch.Tensor Points, torch.Tensor Weights) Axis(double bound, double step)
    {
        int points = (2 * (int)Math.Ceiling(bound / step)) + 1;
        double half = step * (points - 1) / 2;
        var weights = TensorArithmetic.Full([points], step, torch.ScalarType.Float64);
        weights[0] = step / 2;
        weights[points - 1] = step / 2;
        return (torch.linspace(-half, half, points, torch.ScalarType.Float64), weights);
    }

    /// <summary>
    /// Visits the points in slices of equal coordinates but the last two, each a batch: coordinates [G, n], weights [G].
    /// </summary>
    public void ForEachSlice(Action<torch.Tensor, torch.Tensor> visit) => ForEachSlice([], visit);

    private void ForEachSlice(long[] place, Action<torch.Tensor, torch.Tensor> visit)
    {
        int fixedAxes = _axes.Length - 2;
        if (place.Length < fixedAxes)
        {
            for (long i = 0; i < _axes[place.Length].Points.shape[0]; i++)
            {
                ForEachSlice([.. place, i], visit);
            }

            return;
        }

        using var scope = torch.NewDisposeScope();
        var (second, third) = (_axes[^2], _axes[^1]);
        long repeats = third.Points.shape[0];
        long slice = second.Points.shape[0] * repeats;
        var points = torch.stack(
        [
            .. place.Select((i, axis) => _axes[axis].Points[i].expand(slice)),
            second.Points.repeat_interleave(repeats),
            third.Points.repeat(second.Points.shape[0]),
        ],
        1);
        var weights = torch.outer(second.Weights, third.Weights).flatten();
        visit(points, place.Select((i, axis) => _axes[axis].Weights[i]).Aggregate(weights, (product, one) => product * one));
    }
}
