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
    /// Whether the kernels take a tensor: float32 on the CPU, of less than 2 GiB, and not within
    /// <see cref="UsePlainFormulas"/>.
    /// </summary>
    public static bool Take(torch.Tensor x) =>
        !_plain
        && x.dtype == torch.ScalarType.Float32
        && x.device_type == DeviceType.CPU
        && x.numel() <= int.MaxValue / sizeof(float);

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
