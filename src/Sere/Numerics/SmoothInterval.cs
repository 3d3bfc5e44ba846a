using System.Runtime.InteropServices;
using TorchSharp;

namespace Sere.Numerics;

/// <summary>A sigmoid into an interval: <see cref="SmoothBounds.Interval"/> with its constants worked out once.</summary>
/// <param name="Floor">Lower end.</param>
/// <param name="Ceiling">Upper end.</param>
/// <param name="Start">The value at 0, strictly between the ends.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct SmoothInterval(double Floor, double Ceiling, double Start)
{
    /// <summary>Ceiling - floor.</summary>
    public double Width => Ceiling - Floor;

    /// <summary>What is added before the sigmoid.</summary>
    public double Offset { get; } = SmoothBounds.Logit((Start - Floor) / (Ceiling - Floor));

    /// <summary>The values of the interval.</summary>
    public torch.Tensor Apply(torch.Tensor x) => SmoothBounds.Interval(x, Floor, Ceiling, Start);
}
