using Sere.Numerics;
using TorchSharp;

namespace Sere.Tests.Laws;

/// <summary>
/// The trapezoid rule over an ellipsoid of given half-axes: for an analytic integrand that vanishes beyond it the error falls
/// exponentially with 1/step. In four dimensions it takes the points whose coordinates, in steps, have an even sum: half of
/// them, and the error is no larger, as the shortest vectors of that lattice's dual are as long as those of the grid's.
/// </summary>
internal sealed class Trapezoid
{
    private const int PointsOfSlice = 1024;
    private readonly double _step;
    private readonly double[] _halfAxes;

    public Trapezoid(double step, params double[] halfAxes)
    {
        _step = step;
        _halfAxes = halfAxes;
    }

    private bool IsSparse => _halfAxes.Length == 4;

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

    /// <summary>Visits the points in slices, each a batch: coordinates [G, n], weights [G].</summary>
    public void ForEachSlice(Action<torch.Tensor, torch.Tensor> visit)
    {
        double volume = Math.Pow(_step, _halfAxes.Length) * (IsSparse ? 2 : 1);
        foreach (int[][] slice in Points([], 1).Chunk(PointsOfSlice))
        {
            using var scope = torch.NewDisposeScope();
            double[] coordinates = [.. slice.SelectMany(point => point.Select(steps => steps * _step))];
            double[] weights = [.. slice.Select(_ => volume)];
            visit(torch.tensor(coordinates).view(slice.Length, -1), torch.tensor(weights));
        }
    }

    /// <summary>The same where the coordinates are standard normal noise: weights are the probabilities of the points.</summary>
    public void ForEachSliceOfNoise(Action<torch.Tensor, torch.Tensor> visit) => ForEachSlice((noise, weights) => visit(
        noise,
        weights * noise.Square().sum(-1).Times(-0.5).Minus(_halfAxes.Length * 0.5 * Math.Log(2 * Math.PI)).exp()));

    /// <summary>All points that go on from the first coordinates, in steps.</summary>
    private IEnumerable<int[]> Points(int[] first, double rest)
    {
        if (first.Length == _halfAxes.Length)
        {
            return !IsSparse || first.Sum() % 2 == 0 ? [first] : [];
        }

        double size = _step / _halfAxes[first.Length];
        int most = (int)(Math.Sqrt(Math.Max(0, rest)) / size);
        return Enumerable.Range(-most, (2 * most) + 1).SelectMany(next => Points([.. first, next], rest - (next * size * next * size)));
    }
}
