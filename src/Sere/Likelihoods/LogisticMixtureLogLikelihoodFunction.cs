using Sere.Distributions;
using Sere.Numerics.Kernels;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>
/// The log-likelihood of blocks of pixels under mixtures of discretized logistics as one node of the graph. Data and mask
/// have no gradient.
/// </summary>
internal sealed class LogisticMixtureLogLikelihoodFunction
    : torch.autograd.SingleTensorFunction<LogisticMixtureLogLikelihoodFunction>
{
    /// <inheritdoc/>
    public override string Name => nameof(LogisticMixtureLogLikelihoodFunction);

    /// <summary>See <see cref="DataFamily.LogLikelihood"/>.</summary>
    public static torch.Tensor Apply(
        LogisticMixtureSettings settings, torch.Tensor parameters, torch.Tensor blocks, torch.Tensor mask)
    {
        var shape = Shape(settings);
        return torch.is_grad_enabled()
            ? apply(parameters, blocks, mask, shape)
            : LogisticMixtureKernel.Forward(shape, parameters.contiguous(), blocks.contiguous(), mask.contiguous());
    }

    /// <inheritdoc/>
    public override torch.Tensor forward(torch.autograd.AutogradContext ctx, params object[] vars)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ArgumentNullException.ThrowIfNull(vars);
        var parameters = ((torch.Tensor)vars[0]).contiguous();
        var (blocks, mask) = (((torch.Tensor)vars[1]).contiguous(), ((torch.Tensor)vars[2]).contiguous());
        var shape = (LogisticMixtureShape)vars[3];
        ctx.save_data(nameof(LogisticMixtureShape), shape);
        ctx.save_for_backward([parameters, blocks, mask]);
        return LogisticMixtureKernel.Forward(shape, parameters, blocks, mask);
    }

    /// <inheritdoc/>
    public override List<torch.Tensor> backward(torch.autograd.AutogradContext ctx, torch.Tensor grad_output)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ArgumentNullException.ThrowIfNull(grad_output);
        var saved = ctx.get_saved_variables();
        var shape = (LogisticMixtureShape)ctx.get_data(nameof(LogisticMixtureShape));
        return
        [
            LogisticMixtureKernel.Backward(shape, grad_output.contiguous(), saved[0], saved[1], saved[2]), null!, null!, null!,
        ];
    }

    private static LogisticMixtureShape Shape(LogisticMixtureSettings settings) =>
        new(settings.Channels, settings.Mixtures, settings.Levels, (float)settings.ScaleFloor);
}
