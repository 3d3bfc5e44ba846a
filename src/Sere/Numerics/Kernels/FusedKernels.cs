using TorchSharp;

namespace Sere.Numerics.Kernels;

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
    /// the kernel does not give, and not within <see cref="UsePlainFormulas"/>.
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

        bool isAsked = false;
        foreach (var input in withoutGradient)
        {
            isAsked |= input.requires_grad;
        }

        return !isAsked || !torch.is_grad_enabled();
    }

    /// <summary>Has this thread use the plain formulas until the result is disposed.</summary>
    public static IDisposable UsePlainFormulas() => new Scope();

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
