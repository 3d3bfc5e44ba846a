using TorchSharp;

namespace Sere.Tests.Laws;

/// <summary>
/// The trapezoid rule over a box [-b_1, b_1] x [-b_2, b_2] x [-b_3, b_3]: for an analytic integrand that vanishes at the
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
        var weights = torch.full(points, step, torch.ScalarType.Float64);
        weights[0] = step / 2;
        weights[points - 1] = step / 2;
        return (torch.linspace(-half, half, points, torch.ScalarType.Float64), weights);
    }

    /// <summary>Visits the points in slices of equal first coordinate, each a batch: coordinates [G, 3], weights [G].</summary>
    public void ForEachSlice(Action<torch.Tensor, torch.Tensor> visit)
    {
        var (first, second, third) = (_axes[0], _axes[1], _axes[2]);
        long repeats = third.Points.shape[0];
        long slice = second.Points.shape[0] * repeats;
        for (long i = 0; i < first.Points.shape[0]; i++)
        {
            using var scope = torch.NewDisposeScope();
            var points = torch.stack(
            [
                first.Points[i].expand(slice),
                second.Points.repeat_interleave(repeats),
                third.Points.repeat(second.Points.shape[0]),
            ],
            1);
            visit(points, first.Weights[i] * torch.outer(second.Weights, third.Weights).flatten());
        }
    }
}
