using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>
/// The gradient of <see cref="ChainStepKernel"/> for one sample an image. What the forward pass computed is cheaper to
/// compute again than to keep.
/// </summary>
internal static unsafe class ChainStepGradientKernel
{
    private const int RowBlock = 64;
    private const int Effort = 64;

    /// <summary>The gradients.</summary>
    /// <param name="inputs">What the step took, each of [B, ...].</param>
    /// <param name="codeGradient">Gradient of the code, [B, N].</param>
    /// <param name="divergenceGradient">Gradient of the divergence, [B].</param>
    public static ChainStepGradients Backward(
        ChainStepInputs inputs,
        torch.Tensor codeGradient,
        torch.Tensor divergenceGradient)
    {
        long[] shape = inputs.Noise.shape;
        int latents = (int)shape[1];
        int rows = (int)shape[0];
        var gradients = new ChainStepGradients(
            inputs.Prior is null ? null : torch.empty([rows, 2 * latents]),
            torch.empty([rows, 3 * latents]),
            torch.empty(shape),
            torch.empty(shape));
        var source = new ChainStepRows(inputs, out object alive);
        var code = RowMemory.Of(codeGradient, out var codeAlive);
        var divergence = divergenceGradient.contiguous();
        nint divergences = (nint)FloatMemory.Of(divergence);
        var target = new ChainStepTarget(gradients, latents);
        var bounds = inputs.Bounds;
        ParallelWork.For((rows + RowBlock - 1) / RowBlock, (long)rows * latents * Effort, piece =>
        {
            int last = Math.Min(rows, (piece + 1) * RowBlock);
            for (int row = piece * RowBlock; row < last; row++)
            {
                Row(source.At(row), code.Row(row), ((float*)divergences)[row], target.At(row), latents, bounds);
            }
        });
        GC.KeepAlive((alive, codeAlive, divergence));
        return gradients;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row(
        in ChainStepRow row,
        float* codeGradient,
        float divergenceGradient,
        in ChainStepTargetRow target,
        int latents,
        in ChainStepBounds bounds)
    {
        var one = Vector256<float>.One;
        var projections = Vector256<float>.Zero;
        var pulls = Vector256<float>.Zero;
        for (int i = 0; i < latents; i += Vector256<float>.Count)
        {
            var element = row.Element(i, latents, bounds);
            projections += element.Direction * element.BaseLatent;
            pulls += element.Direction * FloatMemory.Load(codeGradient + i, latents - i);
        }

        // u^T eps and u^T (gradient of z).
        var projection = Vector256.Create(Vector256.Sum(projections));
        var pull = Vector256.Create(Vector256.Sum(pulls));
        var divergence = Vector256.Create(divergenceGradient);
        for (int i = 0; i < latents; i += Vector256<float>.Count)
        {
            int count = latents - i;
            var element = row.Element(i, latents, bounds);
            var code = FloatMemory.Load(codeGradient + i, count);
            var diagonal = code * element.BaseLatent;
            var direction = (code * projection) + (pull * element.BaseLatent);
            var latent = (code * element.Diagonal) + (pull * element.Direction);
            FloatMemory.Store(code, target.Bijector + i, count);
            FloatMemory.Store(
                diagonal * bounds.DiagonalWidth * element.DiagonalSigmoid * (one - element.DiagonalSigmoid),
                target.Bijector + latents + i,
                count);
            FloatMemory.Store(
                direction * bounds.Direction * (one - (element.DirectionTangent * element.DirectionTangent)),
                target.Bijector + (2 * latents) + i,
                count);

            var shift = divergence * element.Shift * element.InverseScale;
            FloatMemory.Store(latent + shift, target.MeanResidual + i, count);
            FloatMemory.Store(
                (latent * ((element.Mean * element.ScaleResidual) + element.ScaledNoise))
                    + (shift * element.ScaleResidual * element.Mean)
                    + (divergence * ((element.ScaleResidual * element.ScaleResidual) - one)),
                target.LogScaleResidual + i,
                count);
            if (target.Prior != null)
            {
                var mean = (latent * element.ScaleResidual) + (shift * (element.ScaleResidual - one));
                var logScale = (latent * element.ScaledNoise) - (divergence * element.Shift * element.Shift);
                FloatMemory.Store(mean * (one - (element.MeanTangent * element.MeanTangent)), target.Prior + i, count);
                FloatMemory.Store(
                    logScale * bounds.LogScaleWidth * element.LogScaleSigmoid * (one - element.LogScaleSigmoid),
                    target.Prior + latents + i,
                    count);
            }
        }
    }
}

/// <summary>Gradients of what a step of the chain takes, in the same shapes.</summary>
/// <param name="Prior">[B, 2N]; null for N(0, I).</param>
/// <param name="Bijector">[B, 3N].</param>
/// <param name="MeanResidual">[B, N].</param>
/// <param name="LogScaleResidual">[B, N].</param>
internal sealed record ChainStepGradients(
    torch.Tensor? Prior,
    torch.Tensor Bijector,
    torch.Tensor MeanResidual,
    torch.Tensor LogScaleResidual);
