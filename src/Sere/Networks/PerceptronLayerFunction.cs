using Sere.Numerics;
using Sere.Numerics.Kernels;
using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// a(x W + bias + addend) of one layer, or of S stacked layers, as one node of the graph: each piece of the product is gone
/// on with while it is in the cache. Equal to the plain operations up to rounding, values and gradients.
/// </summary>
internal sealed class PerceptronLayerFunction : torch.autograd.SingleTensorFunction<PerceptronLayerFunction>
{
    private const string ActivationKey = "activation";
    private const string BiasKey = "bias";
    private const string AddendKey = "addend";

    /// <inheritdoc/>
    public override string Name => nameof(PerceptronLayerFunction);

    /// <summary>Whether the node takes these; the slope of an activation must follow from its value.</summary>
    /// <param name="x">[..., I].</param>
    /// <param name="weight">[O, I] for one layer; [S, I, O] for a stack.</param>
    /// <param name="activation">a; null for none.</param>
    public static bool Takes(torch.Tensor x, torch.Tensor weight, Activation? activation)
    {
        long rows = x.numel() / Math.Max(1, x.size(-1));
        long outputs = weight.size(weight.dim() == 3 ? 2 : 0);
        return activation is not Activation.Silu && FusedKernels.Take(x, Math.Max(weight.numel(), rows * outputs));
    }

    /// <summary>The layer's values.</summary>
    /// <param name="x">[R, I], or [S, R, I].</param>
    /// <param name="weight">[O, I] for one layer, as in most libraries; [S, I, O] for a stack.</param>
    /// <param name="bias">[O], or [S, 1, O], or null.</param>
    /// <param name="addend">Added before the activation: [S, B, O] where R is a multiple of B, or null.</param>
    /// <param name="activation">a; null for none.</param>
    /// <returns>[R, O], or [S, R, O].</returns>
    public static torch.Tensor Apply(
        torch.Tensor x,
        torch.Tensor weight,
        torch.Tensor? bias,
        torch.Tensor? addend,
        Activation? activation) => torch.is_grad_enabled()
            ? apply(x, weight, bias!, addend!, activation!)
            : Compute(x, weight, bias, addend, activation);

    /// <inheritdoc/>
    public override torch.Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ArgumentNullException.ThrowIfNull(vars);
        var (x, weight, bias) = ((torch.Tensor)vars[0], (torch.Tensor)vars[1], (torch.Tensor?)vars[2]);
        var addend = (torch.Tensor?)vars[3];
        var activation = (Activation?)vars[4];
        var y = Compute(x, weight, bias, addend, activation);
        ctx.save_for_backward(activation is null ? [x, weight] : [x, weight, y]);
        ctx.save_data(ActivationKey, activation!);
        ctx.save_data(BiasKey, bias is not null);
        ctx.save_data(AddendKey, addend?.shape!);
        return y;
    }

    /// <inheritdoc/>
    public override List<torch.Tensor> backward(torch.autograd.AutogradContext ctx, torch.Tensor grad_output)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ArgumentNullException.ThrowIfNull(grad_output);
        var saved = ctx.get_saved_variables();
        var (x, weight) = (saved[0], saved[1]);
        var gradients = Gradients(
            grad_output.contiguous(),
            saved.Count > 2 ? saved[2] : null,
            x,
            weight,
            ((Activation?)ctx.get_data(ActivationKey)).Rows());
        var bias = ctx.get_data(BiasKey) is true ? gradients.Bias : null;
        var addend = ctx.get_data(AddendKey) is long[] shape ? SumOverSamples(gradients.BeforeActivation, shape) : null;
        return [gradients.Input!, gradients.Weight, bias!, addend!, null!];
    }

    /// <summary>The gradient of an addend [..., B, O] from that of the rows [..., K B, O] it was added to.</summary>
    internal static torch.Tensor SumOverSamples(torch.Tensor gradient, long[] shape) => gradient.shape[^2] == shape[^2]
        ? gradient.alias()
        : gradient.view([.. shape[..^2], -1, shape[^2], shape[^1]]).sum([-3]);

    private static torch.Tensor Compute(
        torch.Tensor x,
        torch.Tensor weight,
        torch.Tensor? bias,
        torch.Tensor? addend,
        Activation? activation)
    {
        addend = addend?.contiguous();
        if (Blas.IsAvailable)
        {
            TensorMath.LogProduct(x, weight);
            return PerceptronKernel.Forward(x, weight, bias, addend, activation.Rows());
        }

        var y = TensorMath.MatrixMultiply(x, weight);
        AffineActivationKernel.Forward(y, bias, addend, activation.Rows());
        return y;
    }

    private static PerceptronGradients Gradients(
        torch.Tensor gradient,
        torch.Tensor? y,
        torch.Tensor x,
        torch.Tensor weight,
        ActivationRows activation)
    {
        if (Blas.IsAvailable)
        {
            return PerceptronKernel.Backward(gradient, y, x, weight, x.requires_grad, activation);
        }

        var (before, bias) = AffineActivationKernel.Backward(gradient, y, activation);
        bool single = weight.dim() == 2;
        var input = x.requires_grad
            ? ProductPrecisionScope.Multiply(before, single ? weight : weight.transpose(1, 2))
            : null;
        return single
            ? new PerceptronGradients(before, bias.view(-1), ProductPrecisionScope.Multiply(before.t(), x), input)
            : new PerceptronGradients(before, bias, ProductPrecisionScope.Multiply(x.transpose(1, 2), before), input);
    }
}
