using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Kernels;

/// <summary>
/// One step of Adam (Kingma and Ba 2015, algorithm 1), and the norm that clipping asks for, as passes over flat buffers of
/// parameters and gradients: the least that an optimizer has to move.
/// </summary>
internal static unsafe class AdamStep
{
    // A fixed size, so that sums come out the same whatever the number of threads.
    private const int Chunk = 1 << 16;

    /// <summary>One step, in place.</summary>
    /// <param name="values">Parameters.</param>
    /// <param name="gradients">Gradients.</param>
    /// <param name="firstMoment">m.</param>
    /// <param name="secondMoment">v.</param>
    /// <param name="constants">The constants of the step.</param>
    public static void Apply(
        torch.Tensor values,
        torch.Tensor gradients,
        torch.Tensor firstMoment,
        torch.Tensor secondMoment,
        AdamConstants constants)
    {
        if (!FusedKernels.Take(values))
        {
            Plain(values, gradients, firstMoment, secondMoment, constants);
            return;
        }

        float* parameters = FloatMemory.Of(values);
        float* slopes = FloatMemory.Of(gradients);
        float* first = FloatMemory.Of(firstMoment);
        float* second = FloatMemory.Of(secondMoment);
        long length = values.numel();
        var coefficients = new Coefficients(constants);
        ParallelWork.For(Pieces(length), length, piece =>
        {
            long from = (long)piece * Chunk;
            StepChunk(
                parameters + from,
                slopes + from,
                first + from,
                second + from,
                (int)Math.Min(Chunk, length - from),
                coefficients);
        });
        GC.KeepAlive((values, gradients, firstMoment, secondMoment));
    }

    /// <summary>The Euclidean norm, summed in float64.</summary>
    public static double Norm(torch.Tensor values)
    {
        if (!FusedKernels.Take(values))
        {
            return values.norm().to(torch.ScalarType.Float64).cpu().item<double>();
        }

        long length = values.numel();
        float* source = FloatMemory.Of(values);
        double[] sums = new double[Pieces(length)];
        ParallelWork.For(sums.Length, length, piece =>
        {
            long from = (long)piece * Chunk;
            sums[piece] = SumChunk(source + from, (int)Math.Min(Chunk, length - from));
        });
        GC.KeepAlive(values);
        return Math.Sqrt(sums.Sum());
    }

    private static void Plain(
        torch.Tensor values,
        torch.Tensor gradients,
        torch.Tensor firstMoment,
        torch.Tensor secondMoment,
        AdamConstants constants)
    {
        gradients = constants.GradientScale == 1 ? gradients : gradients.Times(constants.GradientScale);
        firstMoment.TimesInPlace(constants.Beta1).PlusInPlace(gradients, 1 - constants.Beta1);
        secondMoment.TimesInPlace(constants.Beta2).PlusProductInPlace(gradients, gradients, 1 - constants.Beta2);
        var denominator = secondMoment.Over(constants.SecondCorrection).sqrt_().PlusInPlace(constants.Epsilon);
        values.PlusQuotientInPlace(firstMoment, denominator, -constants.LearningRate / constants.FirstCorrection);
    }

    private static int Pieces(long length) => (int)((length + Chunk - 1) / Chunk);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void StepChunk(
        float* value, float* gradient, float* first, float* second, int length, Coefficients c)
    {
        for (int i = 0; i < length; i += Vector256<float>.Count)
        {
            int count = length - i;
            var slope = FloatMemory.Load(gradient + i, count) * c.GradientScale;
            var m = (FloatMemory.Load(first + i, count) * c.FirstDecay) + (slope * c.FirstShare);
            var v = (FloatMemory.Load(second + i, count) * c.SecondDecay) + (slope * slope * c.SecondShare);
            FloatMemory.Store(m, first + i, count);
            FloatMemory.Store(v, second + i, count);
            var denominator = Vector256.Sqrt(v * c.SecondCorrection) + Vector256.Create(c.Epsilon);
            FloatMemory.Store(FloatMemory.Load(value + i, count) - (m * c.Rate / denominator), value + i, count);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double SumChunk(float* value, int length)
    {
        var lower = Vector256<double>.Zero;
        var upper = Vector256<double>.Zero;
        for (int i = 0; i < length; i += Vector256<float>.Count)
        {
            var (low, high) = Vector256.Widen(FloatMemory.Load(value + i, length - i));
            lower += low * low;
            upper += high * high;
        }

        return Vector256.Sum(lower + upper);
    }

    /// <summary>In float32. Differences from 1 are taken in float64: in float32 they would lose digits.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly struct Coefficients(AdamConstants constants)
    {
        public readonly float FirstDecay = (float)constants.Beta1;
        public readonly float FirstShare = (float)(1 - constants.Beta1);
        public readonly float SecondDecay = (float)constants.Beta2;
        public readonly float SecondShare = (float)(1 - constants.Beta2);
        public readonly float GradientScale = (float)constants.GradientScale;
        public readonly float SecondCorrection = (float)(1 / constants.SecondCorrection);
        public readonly float Epsilon = (float)constants.Epsilon;
        public readonly float Rate = (float)(constants.LearningRate / constants.FirstCorrection);
    }
}

/// <summary>The constants of one step of Adam.</summary>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Added to the denominator.</param>
/// <param name="LearningRate">The rate.</param>
/// <param name="GradientScale">Factor on the gradients.</param>
/// <param name="Step">t, from 1.</param>
internal sealed record AdamConstants(
    double Beta1, double Beta2, double Epsilon, double LearningRate, double GradientScale, long Step)
{
    /// <summary>1 - beta1^t.</summary>
    public double FirstCorrection { get; } = 1 - Math.Pow(Beta1, Step);

    /// <summary>1 - beta2^t.</summary>
    public double SecondCorrection { get; } = 1 - Math.Pow(Beta2, Step);
}
