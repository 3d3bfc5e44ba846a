using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Sere.Kernels;

/// <summary>
/// Functions of eight numbers at once, to within a few units in the last place. Not a number stays not a number. The
/// runtime's own exponential goes through float64, which costs three times as much.
/// </summary>
internal static class VectorMath
{
    private const float LogTwoHigh = 0.693359375f;
    private const float LogTwoLow = -2.12194440e-4f;
    private const float InverseLogTwo = 1.44269504088896341f;

    // Where e^x leaves the range of normal numbers; below, what is returned is at most 1.2e-38 too large.
    private const float LargestExponent = 88.72283f;
    private const float SmallestExponent = -87.33654f;
    private const int ExponentBias = 127;
    private const int MantissaBits = 23;

    /// <summary>e^x; infinity from 88.72 on.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Exp(Vector256<float> x)
    {
        // e^x = 2^n e^r with |r| <= log(2) / 2, and e^r by its Taylor series, whose next term is below 6e-9.
        var clamped = Vector256.Min(Vector256.Max(x, Vector256.Create(SmallestExponent)), Vector256.Create(LargestExponent));
        var exponent = Vector256.Round(clamped * InverseLogTwo);
        var r = Vector256.FusedMultiplyAdd(exponent, Vector256.Create(-LogTwoHigh), clamped);
        r = Vector256.FusedMultiplyAdd(exponent, Vector256.Create(-LogTwoLow), r);
        var series = Vector256.Create(1f / 5040);
        series = Vector256.FusedMultiplyAdd(series, r, Vector256.Create(1f / 720));
        series = Vector256.FusedMultiplyAdd(series, r, Vector256.Create(1f / 120));
        series = Vector256.FusedMultiplyAdd(series, r, Vector256.Create(1f / 24));
        series = Vector256.FusedMultiplyAdd(series, r, Vector256.Create(1f / 6));
        series = Vector256.FusedMultiplyAdd(series, r, Vector256.Create(0.5f));
        series = Vector256.FusedMultiplyAdd(series, r, Vector256<float>.One);
        series = Vector256.FusedMultiplyAdd(series, r, Vector256<float>.One);

        // 2^128 has no float: half the power twice.
        var whole = Vector256.ConvertToInt32(exponent);
        var half = Vector256.ShiftRightArithmetic(whole, 1);
        var result = series * PowerOfTwo(half) * PowerOfTwo(whole - half);
        result = Vector256.ConditionalSelect(
            Vector256.GreaterThan(x, Vector256.Create(LargestExponent)), Vector256.Create(float.PositiveInfinity), result);
        return Vector256.ConditionalSelect(Vector256.Equals(x, x), result, x);
    }

    /// <summary>1 - e^-x of x >= 0, without the cancellation near 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> OneMinusExp(Vector256<float> x)
    {
        // x (1 - x/2 (1 - x/3 (...))), whose next term is below 5e-8 where it is taken.
        var series = Vector256<float>.One - (x * (1f / 6));
        series = Vector256<float>.One - (x * (1f / 5) * series);
        series = Vector256<float>.One - (x * (1f / 4) * series);
        series = Vector256<float>.One - (x * (1f / 3) * series);
        series = Vector256<float>.One - (x * (1f / 2) * series);
        return Vector256.ConditionalSelect(
            Vector256.LessThan(x, Vector256.Create(0.25f)), x * series, Vector256<float>.One - Exp(-x));
    }

    /// <summary>1 / (1 + e^-x), from the exponential that cannot overflow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Sigmoid(Vector256<float> x) => Sigmoid(x, Exp(-Vector256.Abs(x)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Sigmoid(Vector256<float> x, Vector256<float> exponential)
    {
        var above = Vector256<float>.One / (Vector256<float>.One + exponential);
        return Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256<float>.Zero), exponential * above, above);
    }

    /// <summary>Hyperbolic tangent.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Tanh(Vector256<float> x)
    {
        // (1 - e^-2|x|) / (1 + e^-2|x|) cancels near 0, where the Taylor series is exact to float precision.
        var exponential = Exp(Vector256.Abs(x) * -2f);
        var magnitude = (Vector256<float>.One - exponential) / (Vector256<float>.One + exponential);
        var far = Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256<float>.Zero), -magnitude, magnitude);
        var square = x * x;
        var near = x * (Vector256<float>.One + (square * ((square * (2f / 15)) - Vector256.Create(1f / 3))));
        return Vector256.ConditionalSelect(Vector256.LessThan(square, Vector256.Create(0.01f)), near, far);
    }

    /// <summary>log(1 + e^x), without overflow.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Softplus(Vector256<float> x) => Softplus(x, Exp(-Vector256.Abs(x)));

    /// <summary>log(1 + e^x), and its slope, the sigmoid, from one exponential.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Softplus(Vector256<float> x, out Vector256<float> slope)
    {
        var exponential = Exp(-Vector256.Abs(x));
        slope = Sigmoid(x, exponential);
        return Softplus(x, exponential);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Softplus(Vector256<float> x, Vector256<float> exponential)
    {
        // log(1 + e) = 2 artanh(e / (2 + e)) with e = e^-|x| <= 1: a series in at most 1/9.
        var ratio = exponential / (exponential + Vector256.Create(2f));
        var square = ratio * ratio;
        var series = Vector256.Create(2f / 15);
        series = Vector256.FusedMultiplyAdd(series, square, Vector256.Create(2f / 13));
        series = Vector256.FusedMultiplyAdd(series, square, Vector256.Create(2f / 11));
        series = Vector256.FusedMultiplyAdd(series, square, Vector256.Create(2f / 9));
        series = Vector256.FusedMultiplyAdd(series, square, Vector256.Create(2f / 7));
        series = Vector256.FusedMultiplyAdd(series, square, Vector256.Create(2f / 5));
        series = Vector256.FusedMultiplyAdd(series, square, Vector256.Create(2f / 3));
        series = Vector256.FusedMultiplyAdd(series, square, Vector256.Create(2f));
        return Vector256.FusedMultiplyAdd(series, ratio, Vector256.Max(x, Vector256<float>.Zero));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> PowerOfTwo(Vector256<int> exponent) =>
        Vector256.ShiftLeft(exponent + Vector256.Create(ExponentBias), MantissaBits).AsSingle();
}
