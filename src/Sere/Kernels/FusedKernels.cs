using Sere.Numerics;
using TorchSharp;

namespace Sere.Kernels;

/// <summary>
/// Whether work is done by our own kernels, which make one pass over memory where a chain of tensor operations makes
/// several, or by the plain formulas. The plain ones serve other devices and types, and the tests of the kernels.
/// </summary>
internal static class FusedKernels
{
    [ThreadStatic]
    private static bool _plain;

    /// <summary>
    /// Whether a kernel takes a computation: float32 on the CPU, no tensor of 2 GiB or more, no gradient asked for that
    /// the kernel does not give, and not within <see cref="UsePlainFormulas"/>. Every operation asks here.
    /// </summary>
    /// <param name="x">An input; its type and device are those of all.</param>
    /// <param name="largest">Numbers of the largest tensor that the kernel reads or writes; 0 if that is x.</param>
    /// <param name="withoutGradient">Inputs for which the kernel gives no gradient.</param>
    public static bool Take(torch.Tensor x, long largest = 0, params ReadOnlySpan<torch.Tensor> withoutGradient)
    {
        if (_plain
            || x.dtype != torch.ScalarType.Float32
            || x.device_type != DeviceType.CPU
            || Math.Max(x.numel(), largest) > int.MaxValue / sizeof(float))
        {
            return false;
        }

        return !IsGradientAsked(withoutGradient);
    }

    /// <summary>
    /// Whether a CUDA kernel takes a computation: float32 on a device that our kernels are compiled for, under the same
    /// conditions.
    /// </summary>
    /// <param name="x">An input; its type and device are those of all.</param>
    /// <param name="withoutGradient">Inputs for which the kernel gives no gradient.</param>
    public static bool TakeOnCuda(torch.Tensor x, params ReadOnlySpan<torch.Tensor> withoutGradient)
    {
        if (_plain || x.device_type != DeviceType.CUDA || x.dtype != torch.ScalarType.Float32 || CudaDriver.Instance is null)
        {
            return false;
        }

        return !IsGradientAsked(withoutGradient);
    }

    /// <summary>Has this thread use the plain formulas until the result is disposed.</summary>
    public static IDisposable UsePlainFormulas() => new Scope();

    private static bool IsGradientAsked(ReadOnlySpan<torch.Tensor> inputs)
    {
        bool isAsked = false;
        foreach (var input in inputs)
        {
            isAsked |= input.requires_grad;
        }

        return isAsked && torch.is_grad_enabled();
    }

    private sealed class Scope : IDisposable
    {
        private readonly bool _before = _plain;

        public Scope()
        {
            _plain = true;
        }

        public void Dispose() => _plain = _before;
    }
}

/// <summary>
/// An operation with a forward and a backward pass of our own: one node of the graph. An instance holds what is no tensor.
/// </summary>
internal abstract class FusedOperation
{
    /// <summary>The results, with a gradient where one can be asked for. Inputs may be null.</summary>
    protected IReadOnlyList<torch.Tensor> Run(params torch.Tensor?[] inputs) =>
        torch.is_grad_enabled() ? Node.apply([.. inputs!, this]) : Forward(inputs).Results;

    /// <summary>The results, and what the backward pass needs.</summary>
    protected abstract (torch.Tensor[] Results, torch.Tensor[] Kept) Forward(torch.Tensor?[] inputs);

    /// <summary>The gradients of all inputs, null for those that have none, from those of the results.</summary>
    protected abstract torch.Tensor?[] Backward(List<torch.Tensor> kept, List<torch.Tensor> gradients);

    private sealed class Node : torch.autograd.MultiTensorFunction<Node>
    {
        private const string Operation = "operation";

        public override string Name => nameof(FusedOperation);

        public override List<torch.Tensor> forward(torch.autograd.AutogradContext ctx, params object[] vars)
        {
            var operation = (FusedOperation)vars[^1];
            var (results, kept) = operation.Forward([.. vars[..^1].Cast<torch.Tensor?>()]);
            ctx.save_for_backward([.. kept]);
            ctx.save_data(Operation, operation);
            return [.. results];
        }

        public override List<torch.Tensor> backward(torch.autograd.AutogradContext ctx, List<torch.Tensor> grad_outputs)
        {
            var operation = (FusedOperation)ctx.get_data(Operation);
            return [.. operation.Backward(ctx.get_saved_variables(), grad_outputs).Select(gradient => gradient!), null!];
        }
    }
}

/// <summary>
/// While it is open, kernels on a CUDA device add the gradients of parameters to where they are kept in the pass that
/// computes them, and give autograd none: one launch less for each parameter. For training steps, which own their gradients.
/// </summary>
internal sealed class GradientsInPlace : IDisposable
{
    [ThreadStatic]
    private static bool _isOpen;

    private readonly bool _before = _isOpen;

    /// <summary>Opens it for this thread.</summary>
    public GradientsInPlace()
    {
        _isOpen = true;
    }

    /// <summary>Where the gradient of a parameter is to be added, or null where autograd is to be given it.</summary>
    public static torch.Tensor? Of(torch.Tensor? parameter) =>
        _isOpen && parameter is { is_leaf: true, requires_grad: true } ? parameter.grad : null;

    /// <inheritdoc/>
    public void Dispose() => _isOpen = _before;
}
