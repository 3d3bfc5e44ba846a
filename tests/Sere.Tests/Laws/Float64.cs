using TorchSharp;

namespace Sere.Tests.Laws;

/// <summary>Tensors in double precision, functions of a seed alone.</summary>
internal static class Float64
{
    /// <summary>Standard normal numbers.</summary>
    public static torch.Tensor Normal(long seed, params long[] shape)
    {
        using var generator = new torch.Generator((ulong)seed, torch.CPU);
        return torch.randn(shape, torch.ScalarType.Float64, generator: generator);
    }

    /// <summary>Uniform numbers in [0, 1).</summary>
    public static torch.Tensor Uniform(long seed, params long[] shape)
    {
        using var generator = new torch.Generator((ulong)seed, torch.CPU);
        return torch.rand(shape, torch.ScalarType.Float64, generator: generator);
    }

    /// <summary>The given numbers as a vector.</summary>
    public static torch.Tensor Vector(params double[] values) => torch.tensor(values);

    /// <summary>A parameter: the same numbers, which gradients are taken to.</summary>
    public static torch.Tensor Leaf(torch.Tensor values) => values.detach().clone().requires_grad_();

    /// <summary>Evenly spaced points from -extent to extent, on an interval or on a square: [points, dimensions].</summary>
    /// <returns>The points, and the logarithm of the volume that each stands for (trapezoid rule).</returns>
    public static (torch.Tensor Points, double LogVolume) Grid(int dimensions, double extent, int points)
    {
        var axis = torch.linspace(-extent, extent, points, torch.ScalarType.Float64);
        var grid = dimensions == 1 ? axis.unsqueeze(1) : torch.cartesian_prod([.. Enumerable.Repeat(axis, dimensions)]);
        return (grid, dimensions * Math.Log(2 * extent / (points - 1)));
    }

    /// <summary>All vectors of zeros and ones, [2^n, n].</summary>
    public static torch.Tensor BinaryVectors(int dimensions)
    {
        var axis = Vector(0, 1);
        return dimensions == 1 ? axis.unsqueeze(1) : torch.cartesian_prod([.. Enumerable.Repeat(axis, dimensions)]);
    }

    /// <summary>A generator of the given seed.</summary>
    public static torch.Generator Generator(long seed) => new((ulong)seed, torch.CPU);
}
