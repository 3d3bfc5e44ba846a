using System.Runtime.InteropServices;

namespace Sere.Models.Configuration;

/// <summary>The range of real training values: what a picture shows as black and as white.</summary>
/// <param name="Low">The smallest value.</param>
/// <param name="High">The greatest value.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ValueRangeConfiguration(double Low, double High)
{
    internal void Validate(string path) => ConfigurationCheck.Require(
        double.IsFinite(Low) && double.IsFinite(High) && Low <= High, path, $"{Low}..{High}", "a low that is at most high");
}
