using Sere.Numerics;
using Sere.Numerics.Kernels;
using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// a(x (W * mask) + bias + addend) of one layer of a masked autoencoder as one node of the graph, without the products that
/// the mask makes zero. Equal to the plain operations up to rounding, values and gradients.
/// </summary>
internal sealed class MaskedPerceptronFunction : torch.autograd.SingleTensorFunction<MaskedPerceptronFunction>
{
    private const string ActivationKey = "activation";
    private const string MaskKey = "mask";
    private const string BiasKey = "bias";
    private const string AddendKey = "addend";

    /// <inheritdoc/>
    public override string Name => nameof(MaskedPerceptronFunction);

    /// <summary>Whether the node takes an input, a weight [1, I, O] and an activation.</summary>
    public static bool Takes(torch.Tensor x, torch.Tensor weight, Activation? activation) =>
        PerceptronLayerFunction.Takes(x, weight, activation)
        && Blas.IsAvailable
        && ProductPrecisionScope.Current == ProductPrecision.Full;

    /// <summary>The layer's values, [R, O].</summary>
    /// <param name="x">[R, I].</param>
    /// <param name="weight">[I, O].</param>
    /// <param name="corners">Those of the weight (<see cref="MaskedPerceptronKernel.Corners"/>).</param>
    /// <param name="mask">What is left out of the weight.</param>
    /// <param name="bias">[O], or null.</param>
    /// <param name="addend">Added before the activation: [B, O] where R is a multiple of B, or null.</param>
    /// <param name="activation">a; null for none.</param>
    public static torch.Tensor Apply(
        torch.Tensor x,
        torch.Tensor weight,
        torch.Tensor corners,
        MaskStaircase mask,
        torch.Tensor? bias,
        torch.Tensor? addend,
        Activation? activation)
    {
        foreach (var group in mask.Groups)
        {
            MatrixProductLog.Add(1, x.shape[0], group.End, group.Columns, x.requires_grad);
        }

        x = x.contiguous();
        addend = addend?.contiguous();
        return torch.is_grad_enabled()
            ? apply(x, weight, corners, mask, bias!, addend!, activation!)
            : MaskedPerceptronKernel.Forward(x, weight, corners, mask, bias, addend, activation.Rows());
    }

    /// <inheritdoc/>
    public override torch.Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ArgumentNullException.ThrowIfNull(vars);
        var (x, weight, corners) = ((torch.Tensor)vars[0], (torch.Tensor)vars[1], (torch.Tensor)vars[2]);
        var mask = (MaskStaircase)vars[3];
        var (bias, addend) = ((torch.Tensor?)vars[4], (torch.Tensor?)vars[5]);
        var activation = (Activation?)vars[6];
        var y = MaskedPerceptronKernel.Forward(x, weight, corners, mask, bias, addend, activation.Rows());
        ctx.save_for_backward(activation is null ? [x, weight, corners] : [x, weight, corners, y]);
        ctx.save_data(ActivationKey, activation!);
        ctx.save_data(MaskKey, mask);
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
        var gradients = MaskedPerceptronKernel.Backward(
            grad_output.contiguous(),
            saved.Count > 3 ? saved[3] : null,
            saved[0],
            saved[1],
            saved[2],
            (MaskStaircase)ctx.get_data(MaskKey),
            saved[0].requires_grad,
            ((Activation?)ctx.get_data(ActivationKey)).Rows());
        var bias = ctx.get_data(BiasKey) is true ? gradients.Bias : null;
        var addend = ctx.get_data(AddendKey) is long[] shape
            ? PerceptronLayerFunction.SumOverSamples(gradients.BeforeActivation, shape)
            : null;

        // The corners are a copy of the weight: what they do is in its gradient.
        return [gradients.Input!, gradients.Weight, null!, null!, bias!, addend!, null!];
    }
}
