using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>Passes over flat buffers of parameters and gradients: the least that an optimizer has to move.</summary>
internal static unsafe class AdamKernel
{
    // A fixed size, so that sums come out the same whatever the number of threads.
    private const int Chunk = 1 << 16;

    /// <summary>One step of Adam in one pass, in place.</summary>
    /// <param name="values">Parameters.</param>
    /// <param name="gradients">Gradients.</param>
    /// <param name="firstMoment">m.</param>
    /// <param name="secondMoment">v.</param>
    /// <param name="coefficients">The constants of the step.</param>
    public static void Step(
        torch.Tensor values,
        torch.Tensor gradients,
        torch.Tensor firstMoment,
        torch.Tensor secondMoment,
        AdamCoefficients coefficients)
    {
        nint parameters = (nint)FloatMemory.Of(values);
        nint slopes = (nint)FloatMemory.Of(gradients);
        nint first = (nint)FloatMemory.Of(firstMoment);
        nint second = (nint)FloatMemory.Of(secondMoment);
        long length = values.numel();
        ParallelWork.For(Pieces(length), length, piece =>
        {
            long from = (long)piece * Chunk;
            StepChunk(
                (float*)parameters + from,
                (float*)slopes + from,
                (float*)first + from,
                (float*)second + from,
                (int)Math.Min(Chunk, length - from),
                coefficients);
        });
        GC.KeepAlive((values, gradients, firstMoment, secondMoment));
    }

    /// <summary>The sum of squares, in float64.</summary>
    public static double SumOfSquares(torch.Tensor values)
    {
        long length = values.numel();
        nint source = (nint)FloatMemory.Of(values);
        double[] sums = new double[Pieces(length)];
        ParallelWork.For(sums.Length, length, piece =>
        {
            long from = (long)piece * Chunk;
            sums[piece] = SumChunk((float*)source + from, (int)Math.Min(Chunk, length - from));
        });
        GC.KeepAlive(values);
        return sums.Sum();
    }

    private static int Pieces(long length) => (int)((length + Chunk - 1) / Chunk);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void StepChunk(
        float* value,
        float* gradient,
        float* first,
        float* second,
        int length,
        AdamCoefficients coefficients)
    {
        int i = 0;
        for (; i <= length - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            StepVector(value + i, gradient + i, first + i, second + i, Vector256<float>.Count, coefficients);
        }

        if (i < length)
        {
            StepVector(value + i, gradient + i, first + i, second + i, length - i, coefficients);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StepVector(
        float* value,
        float* gradient,
        float* first,
        float* second,
        int count,
        in AdamCoefficients c)
    {
        var slope = FloatMemory.Load(gradient, count) * c.GradientScale;
        var m = (FloatMemory.Load(first, count) * c.FirstDecay) + (slope * c.FirstShare);
        var v = (FloatMemory.Load(second, count) * c.SecondDecay) + (slope * slope * c.SecondShare);
        FloatMemory.Store(m, first, count);
        FloatMemory.Store(v, second, count);
        var denominator = Vector256.Sqrt(v * c.SecondCorrection) + Vector256.Create(c.Epsilon);
        FloatMemory.Store(FloatMemory.Load(value, count) - (m * c.Rate / denominator), value, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double SumChunk(float* value, int length)
    {
        var lower = Vector256<double>.Zero;
        var upper = Vector256<double>.Zero;
        int i = 0;
        for (; i <= length - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            var (low, high) = Vector256.Widen(Vector256.Load(value + i));
            lower += low * low;
            upper += high * high;
        }

        if (i < length)
        {
            var (low, high) = Vector256.Widen(FloatMemory.Load(value + i, length - i));
            lower += low * low;
            upper += high * high;
        }

        return Vector256.Sum(lower + upper);
    }
}

/// <summary>The constants of one step of Adam. Differences from 1 are taken in float64: in float32 they lose digits.</summary>
/// <param name="FirstDecay">beta1.</param>
/// <param name="FirstShare">1 - beta1.</param>
/// <param name="SecondDecay">beta2.</param>
/// <param name="SecondShare">1 - beta2.</param>
/// <param name="GradientScale">Factor on the gradients.</param>
/// <param name="SecondCorrection">1 / (1 - beta2^t).</param>
/// <param name="Epsilon">Added to the denominator.</param>
/// <param name="Rate">Learning rate / (1 - beta1^t).</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct AdamCoefficients(
    float FirstDecay,
    float FirstShare,
    float SecondDecay,
    float SecondShare,
    float GradientScale,
    float SecondCorrection,
    float Epsilon,
    float Rate);
