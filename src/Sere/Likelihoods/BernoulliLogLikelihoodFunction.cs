using Sere.Numerics.Kernels;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>
/// The log-likelihood of binary blocks from their logits as one node of the graph, summed over dimensions in the pass that
/// computes it. Data and mask have no gradient.
/// </summary>
internal sealed class BernoulliLogLikelihoodFunction : torch.autograd.SingleTensorFunction<BernoulliLogLikelihoodFunction>
{
    /// <inheritdoc/>
    public override string Name => nameof(BernoulliLogLikelihoodFunction);

    /// <summary>See <see cref="DataFamily.LogLikelihood"/>.</summary>
    public static torch.Tensor Apply(torch.Tensor logits, torch.Tensor blocks, torch.Tensor mask) =>
        torch.is_grad_enabled() ? apply(logits, blocks, mask) : BernoulliKernel.Forward(logits.contiguous(), blocks, mask);

    /// <inheritdoc/>
    public override torch.Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ArgumentNullException.ThrowIfNull(vars);
        var (logits, blocks, mask) = (((torch.Tensor)vars[0]).contiguous(), (torch.Tensor)vars[1], (torch.Tensor)vars[2]);
        ctx.save_for_backward([logits, blocks, mask]);
        return BernoulliKernel.Forward(logits, blocks, mask);
    }

    /// <inheritdoc/>
    public override List<torch.Tensor> backward(torch.autograd.AutogradContext ctx, torch.Tensor grad_output)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ArgumentNullException.ThrowIfNull(grad_output);
        var saved = ctx.get_saved_variables();
        return [BernoulliKernel.Backward(grad_output.contiguous(), saved[0], saved[1], saved[2]), null!, null!];
    }
}
