using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Distributions;

/// <summary>
/// An amortized diagonal normal (section 3.4.1): (mu, log s) is a function of a context, each through a smooth bound so
/// that no code can drive the next layer out of range (docs/decisions/stability.md).
/// </summary>
public sealed class NormalLayer : torch.nn.Module
{
    private readonly ContextNetwork _context;
    private readonly double _meanBound;
    private readonly double _logScaleFloor;
    private readonly double _logScaleCeiling;

    /// <summary>A layer over N dimensions.</summary>
    /// <param name="parameters">Gives mean and log-scale before their bounds: 2N values.</param>
    /// <param name="meanBound">The mean lies within (-meanBound, meanBound).</param>
    /// <param name="scaleFloor">Lower bound of the standard deviation.</param>
    /// <param name="scaleCeiling">Upper bound of the standard deviation.</param>
    public NormalLayer(ContextNetwork parameters, double meanBound, double scaleFloor, double scaleCeiling)
        : base(nameof(NormalLayer))
    {
        _context = parameters;
        _meanBound = meanBound;
        _logScaleFloor = Math.Log(scaleFloor);
        _logScaleCeiling = Math.Log(scaleCeiling);
        register_module("parameters", parameters);
    }

    /// <summary>The distribution for a context [..., C], or for none.</summary>
    public DiagonalNormal Bind(torch.Tensor? context)
    {
        var parts = _context.Forward(context).chunk(2, -1);

        // A standard deviation of 1 at the start; where the floor is 1 already, just above it.
        double width = _logScaleCeiling - _logScaleFloor;
        double start = Math.Clamp(0, _logScaleFloor + (0.05 * width), _logScaleCeiling - (0.05 * width));
        return new DiagonalNormal(
            SmoothBounds.Symmetric(parts[0], _meanBound),
            SmoothBounds.Interval(parts[1], _logScaleFloor, _logScaleCeiling, start));
    }
}
