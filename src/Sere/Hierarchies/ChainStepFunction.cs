using Sere.Numerics.Kernels;
using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>
/// One step of the chain as one node of the graph: bounds, residual posterior (eq. 9), divergence (eq. 10) and rank-one
/// affine bijector, of which each tensor operation alone would take longer to call than to compute. Equal to
/// <see cref="SelfReflectiveLayer.Step"/> up to rounding, values and gradients.
/// </summary>
internal sealed class ChainStepFunction : torch.autograd.MultiTensorFunction<ChainStepFunction>
{
    private const string BoundsKey = "bounds";

    /// <inheritdoc/>
    public override string Name => nameof(ChainStepFunction);

    /// <summary>The code [B, N] and the divergence in nats, [B], of one sample an image, with a gradient.</summary>
    public static (torch.Tensor Code, torch.Tensor Divergence) Apply(ChainStepInputs inputs)
    {
        if (!torch.is_grad_enabled())
        {
            return ChainStepKernel.Forward(inputs, logRatio: false);
        }

        var outputs = apply(
            inputs.Prior!, inputs.Bijector, inputs.MeanResidual, inputs.LogScaleResidual, inputs.Noise, inputs.Bounds);
        return (outputs[0], outputs[1]);
    }

    /// <inheritdoc/>
    public override List<torch.Tensor> forward(torch.autograd.AutogradContext ctx, params object[] vars)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ArgumentNullException.ThrowIfNull(vars);
        var bounds = (ChainStepBounds)vars[^1];
        var tensors = vars[..^1].Where(value => value is not null).Cast<torch.Tensor>().ToList();
        ctx.save_for_backward(tensors);
        ctx.save_data(BoundsKey, bounds);
        var (code, divergence) = ChainStepKernel.Forward(Inputs(tensors, bounds), logRatio: false);
        return [code, divergence];
    }

    /// <inheritdoc/>
    public override List<torch.Tensor> backward(torch.autograd.AutogradContext ctx, List<torch.Tensor> grad_outputs)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ArgumentNullException.ThrowIfNull(grad_outputs);
        var inputs = Inputs(ctx.get_saved_variables(), (ChainStepBounds)ctx.get_data(BoundsKey)!);
        var gradients = ChainStepGradientKernel.Backward(inputs, grad_outputs[0], grad_outputs[1]);
        return
        [
            gradients.Prior!, gradients.Bijector, gradients.MeanResidual, gradients.LogScaleResidual, null!, null!,
        ];
    }

    private static ChainStepInputs Inputs(List<torch.Tensor> tensors, ChainStepBounds bounds) => new(
        tensors.Count == 5 ? tensors[0] : null, tensors[^4], tensors[^3], tensors[^2], tensors[^1], bounds);
}
