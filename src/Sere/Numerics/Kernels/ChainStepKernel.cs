using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>
/// One step of the chain in one pass: the base latent from the residual posterior (eq. 9), what it costs (eq. 10, or
/// log p - log q), and the code z = c + d eps + u (u^T eps).
/// </summary>
internal static unsafe class ChainStepKernel
{
    // Rows of a piece.
    private const int RowBlock = 64;

    // An element costs as much as so many of a single addition, which ParallelWork reckons with.
    private const int Effort = 32;

    /// <summary>The code [..., N], and [...]: the divergence in nats, or where asked for log p(eps) - log q(eps).</summary>
    public static (torch.Tensor Code, torch.Tensor Cost) Forward(ChainStepInputs inputs, bool logRatio)
    {
        long[] shape = inputs.Noise.shape;
        int latents = (int)shape[^1];
        int rows = (int)(inputs.Noise.numel() / latents);
        var code = torch.empty(shape);
        var cost = torch.empty(shape[..^1]);
        var source = new ChainStepRows(inputs, out object alive);
        nint codes = (nint)FloatMemory.Of(code);
        nint costs = (nint)FloatMemory.Of(cost);
        var bounds = inputs.Bounds;
        ParallelWork.For((rows + RowBlock - 1) / RowBlock, (long)rows * latents * Effort, piece =>
        {
            int last = Math.Min(rows, (piece + 1) * RowBlock);
            for (int row = piece * RowBlock; row < last; row++)
            {
                float* target = (float*)codes + ((long)row * latents);
                ((float*)costs)[row] = Row(source.At(row), target, latents, bounds, logRatio);
            }
        });
        GC.KeepAlive(alive);
        return (code, cost);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float Row(in ChainStepRow row, float* code, int latents, in ChainStepBounds bounds, bool logRatio)
    {
        var cost = Vector256<float>.Zero;
        var projection = Vector256<float>.Zero;
        for (int i = 0; i < latents; i += Vector256<float>.Count)
        {
            var element = row.Element(i, latents, bounds);
            cost += logRatio ? element.LogRatio : element.Divergence;
            projection += element.Direction * element.BaseLatent;
            FloatMemory.Store(element.Offset + (element.Diagonal * element.BaseLatent), code + i, latents - i);
        }

        var sum = Vector256.Create(Vector256.Sum(projection));
        for (int i = 0; i < latents; i += Vector256<float>.Count)
        {
            int count = latents - i;
            var direction = VectorMath.Tanh(FloatMemory.Load(row.Bijector + (2 * latents) + i, count)) * bounds.Direction;
            FloatMemory.Store(FloatMemory.Load(code + i, count) + (direction * sum), code + i, count);
        }

        return Vector256.Sum(cost);
    }
}
