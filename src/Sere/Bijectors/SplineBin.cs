using TorchSharp;

namespace Sere.Bijectors;

/// <summary>The bin of a spline that each value lies in; all of the values' shape.</summary>
/// <param name="Left">x at the left knot.</param>
/// <param name="Width">Distance of the knots along x.</param>
/// <param name="Bottom">y at the left knot.</param>
/// <param name="Height">Distance of the knots along y.</param>
/// <param name="LeftSlope">Slope at the left knot.</param>
/// <param name="RightSlope">Slope at the right knot.</param>
internal sealed record SplineBin(
    torch.Tensor Left,
    torch.Tensor Width,
    torch.Tensor Bottom,
    torch.Tensor Height,
    torch.Tensor LeftSlope,
    torch.Tensor RightSlope);
