using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Kernels;

/// <summary>
/// The log-likelihood of binary blocks from their logits: x logit - log(1 + e^logit) of each dimension that counts.
/// </summary>
internal sealed unsafe class BernoulliLogLikelihood : BlockLogLikelihood
{
    /// <inheritdoc/>
    protected override int RowBlock => 64;

    /// <summary>The sum over blocks and dimensions in nats, [K, B].</summary>
    /// <param name="logits">[S, K, B, D].</param>
    /// <param name="data">[S, B, D].</param>
    /// <param name="mask">[S, 1, D].</param>
    public static torch.Tensor Apply(torch.Tensor logits, torch.Tensor data, torch.Tensor mask) =>
        FusedKernels.Take(logits, withoutGradient: [data, mask]) || FusedKernels.TakeOnCuda(logits, data, mask)
            ? new BernoulliLogLikelihood().Sum(logits, data, mask)
            : (LogProb(logits, data.unsqueeze(1)) * mask.unsqueeze(1)).sum([0, 3]);

    /// <summary>The log-mass of each dimension.</summary>
    public static torch.Tensor LogProb(torch.Tensor logits, torch.Tensor data) =>

        // The fused log-sigmoid neither overflows nor cancels, and has a gradient at 0, which a sum of terms in
        // max(logit, 0) and |logit| has not.
        (data * logits).Plus((-logits).log_sigmoid());

    /// <inheritdoc/>
    protected override void SumOnCuda(BlockSizes sizes, IReadOnlyList<torch.Tensor> inputs, torch.Tensor total) =>
        CudaDriver.Instance!.Launch(
            "bernoulli_forward", (sizes.Rows, 1, 1), (128, 1), 0,
            inputs[0], inputs[1], inputs[2], total, sizes.Stack, sizes.Rows, sizes.Batch, sizes.Width);

    /// <inheritdoc/>
    protected override void GradientOnCuda(
        BlockSizes sizes, IReadOnlyList<torch.Tensor> inputs, torch.Tensor gradient, torch.Tensor result) =>
        CudaDriver.Instance!.Launch(
            "bernoulli_backward", (Math.Min((result.numel() + 255) / 256, 4096), 1, 1), (256, 1), 0,
            gradient, inputs[0], inputs[1], inputs[2], result, result.numel(), sizes.Rows, sizes.Batch, sizes.Width);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override float SumRow(in Row row, float* scratch)
    {
        float* logits = row.Parameters;
        float* data = row.Data;
        float* mask = row.Mask;
        int width = row.Width;
        var sum = Vector256<float>.Zero;
        for (int i = 0; i < width; i += Vector256<float>.Count)
        {
            int count = width - i;
            var logit = FloatMemory.Load(logits + i, count);
            sum += ((FloatMemory.Load(data + i, count) * logit) - VectorMath.Softplus(logit))
                * FloatMemory.Load(mask + i, count);
        }

        return Vector256.Sum(sum);
    }

    /// <summary>g (x - sigmoid(logit)) where the mask is 1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void GradientRow(in Row row, float* scratch, float gradient, float* target)
    {
        float* logits = row.Parameters;
        float* data = row.Data;
        float* mask = row.Mask;
        int width = row.Width;
        for (int i = 0; i < width; i += Vector256<float>.Count)
        {
            int count = width - i;
            var slope = FloatMemory.Load(data + i, count) - VectorMath.Sigmoid(FloatMemory.Load(logits + i, count));
            FloatMemory.Store(slope * FloatMemory.Load(mask + i, count) * gradient, target + i, count);
        }
    }
}
