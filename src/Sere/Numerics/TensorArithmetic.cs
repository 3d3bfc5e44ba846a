using System.Numerics;
using System.Runtime.CompilerServices;
using TorchSharp;

namespace Sere.Numerics;

#pragma warning disable RS0030 // The one place that makes scalars.

/// <summary>
/// Arithmetic of tensors and numbers. TorchSharp makes a native scalar of each number, also of the hidden factor of a
/// sum, and leaves it to its finalizer, which frees it while the native operation still reads it when another thread
/// collects garbage at that moment: an exception, or a wrong number. Here a scalar lives as long as the call that takes
/// it; whole numbers make integer scalars, others float64 ones. BannedSymbols.txt forbids what makes scalars elsewhere,
/// also in tests and peers.
/// </summary>
internal static class TensorArithmetic
{
    /// <summary>The scalar 1, which is never freed.</summary>
    internal static readonly Scalar One = 1.ToScalar();

    /// <summary>x + y.</summary>
    public static torch.Tensor Plus(this torch.Tensor x, torch.Tensor y) => x.add(y, One);

    /// <summary>x + y.</summary>
    public static torch.Tensor Plus<T>(this torch.Tensor x, T y)
        where T : INumber<T> => With(x, y, static (x, y) => x.add(y, One));

    /// <summary>x - y.</summary>
    public static torch.Tensor Minus<T>(this torch.Tensor x, T y)
        where T : INumber<T> => With(x, y, static (x, y) => x.sub(y));

    /// <summary>x y.</summary>
    public static torch.Tensor Times<T>(this torch.Tensor x, T y)
        where T : INumber<T> => With(x, y, static (x, y) => x.mul(y));

    /// <summary>x / y.</summary>
    public static torch.Tensor Over<T>(this torch.Tensor x, T y)
        where T : INumber<T> => With(x, y, static (x, y) => x.div(y));

    /// <summary>What is left of x when it is divided by y, at least 0 for y above 0.</summary>
    public static torch.Tensor Remainder<T>(this torch.Tensor x, T y)
        where T : INumber<T> => With(x, y, static (x, y) => x.remainder(y));

    /// <summary>x x.</summary>
    public static torch.Tensor Square(this torch.Tensor x) => With(x, 2, static (x, exponent) => x.pow(exponent));

    /// <summary>log(1 + exp(x)).</summary>
    public static torch.Tensor Softplus(this torch.Tensor x)
    {
        // What TorchSharp offers in public takes C# numbers.
        [UnsafeAccessor(UnsafeAccessorKind.Method, Name = "softplus1")]
        static extern torch.Tensor Native(torch.Tensor x, Scalar beta, Scalar threshold);
        return With(x, 20, static (x, threshold) => Native(x, One, threshold));
    }

    /// <summary>x where it is positive, else exp(x) - 1.</summary>
    public static torch.Tensor Elu(this torch.Tensor x) => x.elu(One, One, One);

    /// <summary>x where it is positive, else <paramref name="slope"/> x.</summary>
    public static torch.Tensor LeakyRelu(this torch.Tensor x, double slope) =>
        With(x, slope, static (x, slope) => x.leaky_relu(slope));

    /// <summary>x, but at least <paramref name="least"/> and at most <paramref name="most"/>.</summary>
    public static torch.Tensor Clamp<T>(this torch.Tensor x, T least, T most)
        where T : INumber<T>
    {
        using var low = Scalar(least);
        using var high = Scalar(most);
        return x.clamp(low, high);
    }

    /// <summary>x, but at least <paramref name="least"/>.</summary>
    public static torch.Tensor ClampBelow(this torch.Tensor x, double least) =>
        With(x, least, static (x, least) => x.clamp(min: least));

    /// <summary>Whether x is y.</summary>
    public static torch.Tensor IsEqualTo<T>(this torch.Tensor x, T y)
        where T : INumber<T> => With(x, y, static (x, y) => x.eq(y));

    /// <summary>Whether x is not y.</summary>
    public static torch.Tensor IsNotEqualTo<T>(this torch.Tensor x, T y)
        where T : INumber<T> => With(x, y, static (x, y) => x.ne(y));

    /// <summary>Whether x is above y.</summary>
    public static torch.Tensor IsAbove<T>(this torch.Tensor x, T y)
        where T : INumber<T> => With(x, y, static (x, y) => x.gt(y));

    /// <summary>Whether x is at least y.</summary>
    public static torch.Tensor IsAtLeast<T>(this torch.Tensor x, T y)
        where T : INumber<T> => With(x, y, static (x, y) => x.ge(y));

    /// <summary>Whether x is below y.</summary>
    public static torch.Tensor IsBelow<T>(this torch.Tensor x, T y)
        where T : INumber<T> => With(x, y, static (x, y) => x.lt(y));

    /// <summary>Whether x is at most y.</summary>
    public static torch.Tensor IsAtMost<T>(this torch.Tensor x, T y)
        where T : INumber<T> => With(x, y, static (x, y) => x.le(y));

    /// <summary>Adds y to x where it lies.</summary>
    public static torch.Tensor PlusInPlace(this torch.Tensor x, torch.Tensor y) => x.add_(y, One);

    /// <summary>Adds y to x where it lies.</summary>
    public static torch.Tensor PlusInPlace(this torch.Tensor x, double y) =>
        With(x, y, static (x, y) => x.add_(y, One));

    /// <summary>Adds factor y to x where it lies.</summary>
    public static torch.Tensor PlusInPlace(this torch.Tensor x, torch.Tensor y, double factor)
    {
        using var scalar = Scalar(factor);
        return x.add_(y, scalar);
    }

    /// <summary>Adds factor first second to x where it lies.</summary>
    public static torch.Tensor PlusProductInPlace(
        this torch.Tensor x, torch.Tensor first, torch.Tensor second, double factor)
    {
        using var scalar = Scalar(factor);
        return x.addcmul_(first, second, scalar);
    }

    /// <summary>Adds factor numerator / denominator to x where it lies.</summary>
    public static torch.Tensor PlusQuotientInPlace(
        this torch.Tensor x, torch.Tensor numerator, torch.Tensor denominator, double factor)
    {
        using var scalar = Scalar(factor);
        return x.addcdiv_(numerator, denominator, scalar);
    }

    /// <summary>Multiplies x by y where it lies.</summary>
    public static torch.Tensor TimesInPlace<T>(this torch.Tensor x, T y)
        where T : INumber<T> => With(x, y, static (x, y) => x.mul_(y));

    /// <summary>Divides x by y where it lies.</summary>
    public static torch.Tensor OverInPlace<T>(this torch.Tensor x, T y)
        where T : INumber<T> => With(x, y, static (x, y) => x.div_(y));

    /// <summary>Sets all of x to y where it lies.</summary>
    public static torch.Tensor FillInPlace<T>(this torch.Tensor x, T y)
        where T : INumber<T> => With(x, y, static (x, y) => x.fill_(y));

    /// <summary>A tensor of one value.</summary>
    public static torch.Tensor Full(
        long[] shape,
        double value,
        torch.ScalarType type = torch.ScalarType.Float32,
        torch.Device? device = null)
    {
        using var scalar = Scalar(value);
        return torch.full(shape, scalar, type, device);
    }

    /// <summary>0, 1, ..., <paramref name="count"/> - 1.</summary>
    public static torch.Tensor Indices(
        long count, torch.ScalarType type = torch.ScalarType.Int64, torch.Device? device = null)
    {
        using var start = Scalar(0);
        using var stop = Scalar(count);
        return torch.arange(start, stop, One, type, device);
    }

    private static torch.Tensor With<T>(torch.Tensor x, T y, Func<torch.Tensor, Scalar, torch.Tensor> operation)
        where T : INumber<T>
    {
        using var scalar = Scalar(y);
        return operation(x, scalar);
    }

    private static Scalar Scalar<T>(T number)
        where T : INumber<T> =>
        number is double or float ? double.CreateChecked(number).ToScalar() : long.CreateChecked(number).ToScalar();
}
