using Sere.Numerics;
using TorchSharp;

namespace Sere.Tests.Laws;

/// <summary>
/// Means with their standard errors. A comparison at four of them fails by chance once in 16,000 (two-sided, normal); the
/// seeds are fixed, so that a test that passes keeps passing.
/// </summary>
internal static class MonteCarlo
{
    /// <summary>How many standard errors a mean may lie from what it should be.</summary>
    public const double Tolerance = 4;

    /// <summary>Mean and standard error of independent draws [R, B], over R.</summary>
    public static (double[] Mean, double[] StandardError) Summarize(torch.Tensor draws)
    {
        using var scope = torch.NewDisposeScope();
        var error = draws.std(0).Over(Math.Sqrt(draws.shape[0]));
        return ([.. draws.mean([0]).contiguous().data<double>()], [.. error.contiguous().data<double>()]);
    }

    /// <summary>Standard normal noise in float64.</summary>
    public static torch.Tensor Noise(long seed, params long[] shape)
    {
        using var generator = new torch.Generator((ulong)seed, torch.CPU);
        return torch.randn(shape, torch.ScalarType.Float64, generator: generator);
    }
}
