using System.Runtime.InteropServices;
using TorchSharp;

namespace Sere.Numerics;

/// <summary>
/// Smooth maps from the real line into an interval. What a latent code can multiply is bounded by them, without which
/// training overflows (docs/decisions/stability.md).
/// </summary>
public static class SmoothBounds
{
    /// <summary>bound tanh(x / bound): the identity near 0, within (-bound, bound).</summary>
    public static torch.Tensor Symmetric(torch.Tensor x, double bound)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.Over(bound).tanh().Times(bound);
    }

    /// <summary>A sigmoid into (floor, ceiling) that takes the value <paramref name="start"/> at x = 0.</summary>
    /// <param name="x">Unbounded values.</param>
    /// <param name="floor">Lower end.</param>
    /// <param name="ceiling">Upper end.</param>
    /// <param name="start">The value at 0, strictly between the ends.</param>
    public static torch.Tensor Interval(torch.Tensor x, double floor, double ceiling, double start)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.Plus(Logit((start - floor) / (ceiling - floor))).sigmoid().Times(ceiling - floor).Plus(floor);
    }

    /// <summary>log(p / (1 - p)).</summary>
    public static double Logit(double probability) => Math.Log(probability / (1 - probability));
}

/// <summary>A sigmoid into an interval: <see cref="SmoothBounds.Interval"/> with its constants worked out once.</summary>
/// <param name="Floor">Lower end.</param>
/// <param name="Ceiling">Upper end.</param>
/// <param name="Start">The value at 0, strictly between the ends.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SmoothInterval(double Floor, double Ceiling, double Start)
{
    /// <summary>
    /// Of the logarithm of a standard deviation, from the bounds and the start of the deviation itself.
    /// </summary>
    public static SmoothInterval OfLogScale(double floor, double ceiling, double start) =>
        new(Math.Log(floor), Math.Log(ceiling), Math.Log(start));

    /// <summary>Ceiling - floor.</summary>
    public double Width => Ceiling - Floor;

    /// <summary>What is added before the sigmoid.</summary>
    public double Offset { get; } = SmoothBounds.Logit((Start - Floor) / (Ceiling - Floor));

    /// <summary>The values of the interval.</summary>
    public torch.Tensor Apply(torch.Tensor x) => SmoothBounds.Interval(x, Floor, Ceiling, Start);
}
