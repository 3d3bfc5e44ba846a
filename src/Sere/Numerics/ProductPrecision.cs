using TorchSharp;

namespace Sere.Numerics;

/// <summary>In what precision the factors of matrix products are taken; sums and all else are float32.</summary>
internal enum ProductPrecision
{
    /// <summary>As they are.</summary>
    Full,

    /// <summary>Rounded to bfloat16: 8 bits of mantissa.</summary>
    BFloat16,
}

/// <summary>
/// The precision of the matrix products that this thread computes while the scope is open. Parameters, their gradients and
/// the optimizer's moments stay in float32.
/// </summary>
internal sealed class ProductPrecisionScope : IDisposable
{
    [ThreadStatic]
    private static ProductPrecision _current;

    private readonly ProductPrecision _before = _current;

    /// <summary>Sets the precision of this thread.</summary>
    public ProductPrecisionScope(ProductPrecision precision)
    {
        _current = precision;
    }

    /// <summary>The precision of this thread; <see cref="ProductPrecision.Full"/> outside any scope.</summary>
    public static ProductPrecision Current => _current;

    /// <summary>first second, or a product for each of the leading dimension: in the precision of this thread.</summary>
    public static torch.Tensor Multiply(torch.Tensor first, torch.Tensor second)
    {
        if (_current == ProductPrecision.Full)
        {
            return first.dim() == 3 ? first.bmm(second) : first.mm(second);
        }

        // Processors without instructions for bfloat16 multiply it at a hundredth of the speed of float32, which rounded
        // factors fit into.
        var type = first.device_type == DeviceType.CPU ? first.dtype : torch.ScalarType.BFloat16;
        var narrow = first.to(torch.ScalarType.BFloat16).to(type);
        var other = second.to(torch.ScalarType.BFloat16).to(type);
        return (first.dim() == 3 ? narrow.bmm(other) : narrow.mm(other)).to(first.dtype);
    }

    /// <inheritdoc/>
    public void Dispose() => _current = _before;
}

/// <summary>
/// Whether float32 products and convolutions on a CUDA device may round their factors to TensorFloat-32 while the scope is
/// open; outside any they may not, unlike libtorch's own default for convolutions.
/// </summary>
internal sealed class CudaPrecisionScope : IDisposable
{
    /// <summary>Sets it for the process.</summary>
    public CudaPrecisionScope(bool isTf32) => Set(isTf32);

    /// <summary>Has all that follows computed in float32.</summary>
    public static void UseFloat32() => Set(false);

    /// <inheritdoc/>
    public void Dispose() => Set(false);

    private static void Set(bool isTf32)
    {
        torch.backends.cuda.matmul.allow_tf32 = isTf32;
        torch.backends.cudnn.allow_tf32 = isTf32;
    }
}
