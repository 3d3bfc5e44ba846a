using System.Runtime.InteropServices;

namespace Sere.Numerics;

/// <summary>
/// Writes down the matrix products and convolutions that this thread computes while the log is open: what the floor of a computation is
/// reckoned from, whatever model it belongs to.
/// </summary>
internal sealed class MatrixProductLog : IDisposable
{
    [ThreadStatic]
    private static MatrixProductLog? _open;

    private readonly List<MatrixProduct> _products = [];
    private readonly List<Convolution> _convolutions = [];

    /// <summary>Opens the log of this thread.</summary>
    public MatrixProductLog()
    {
        _open = this;
    }

    /// <summary>The products so far.</summary>
    public IReadOnlyList<MatrixProduct> Products => _products;

    /// <summary>The convolutions so far.</summary>
    public IReadOnlyList<Convolution> Convolutions => _convolutions;

    /// <summary>Writes a convolution down if a log is open.</summary>
    public static void Add(Convolution convolution) => _open?._convolutions.Add(convolution);

    /// <summary>Writes a product down if a log is open.</summary>
    public static void Add(long count, long rows, long inner, long columns, bool needsInputGradient) =>
        _open?._products.Add(new MatrixProduct(count, rows, inner, columns, needsInputGradient));

    /// <inheritdoc/>
    public void Dispose() => _open = null;
}

/// <summary>The shape of matrix products [Rows, Inner] [Inner, Columns], a number of them at once.</summary>
/// <param name="Count">How many products, each with matrices of its own.</param>
/// <param name="Rows">Rows of the first matrix.</param>
/// <param name="Inner">Columns of the first matrix, rows of the second.</param>
/// <param name="Columns">Columns of the second matrix.</param>
/// <param name="NeedsInputGradient">Whether the gradient of the first matrix is asked for, as in all but first layers.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct MatrixProduct(long Count, long Rows, long Inner, long Columns, bool NeedsInputGradient)
{
    /// <summary>Floating-point operations of the products alone: a multiplication and an addition a term.</summary>
    public double Operations => 2.0 * Count * Rows * Inner * Columns;

    /// <summary>The product itself, and those of its backward pass: of the second matrix, and of the first if asked for.</summary>
    public IEnumerable<MatrixProduct> WithBackward()
    {
        yield return this with { NeedsInputGradient = false };
        yield return new MatrixProduct(Count, Inner, Rows, Columns, false);
        if (NeedsInputGradient)
        {
            yield return new MatrixProduct(Count, Rows, Columns, Inner, false);
        }
    }
}

/// <summary>The shape of a grouped convolution: [Rows, Groups Inputs, Height, Width] to [Rows, Groups Outputs, ...].</summary>
/// <param name="Rows">Images.</param>
/// <param name="Groups">Groups, each with weights of its own.</param>
/// <param name="Inputs">Input channels of a group.</param>
/// <param name="Outputs">Output channels of a group.</param>
/// <param name="Height">Rows of the input's grid.</param>
/// <param name="Width">Columns of the input's grid.</param>
/// <param name="KernelHeight">Rows of the kernel.</param>
/// <param name="KernelWidth">Columns of the kernel.</param>
/// <param name="Padding">Zeros on each side of the input.</param>
/// <param name="Stride">Step between two outputs.</param>
/// <param name="NeedsInputGradient">Whether the gradient of the input is asked for, as in all but first layers.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Convolution(
    long Rows,
    int Groups,
    int Inputs,
    int Outputs,
    int Height,
    int Width,
    int KernelHeight,
    int KernelWidth,
    int Padding,
    int Stride,
    bool NeedsInputGradient)
{
    /// <summary>Floating-point operations of the forward pass: a multiplication and an addition a term.</summary>
    public double Operations => 2.0 * Rows * Groups * Inputs * Outputs * KernelHeight * KernelWidth
        * Places(Height, KernelHeight) * Places(Width, KernelWidth);

    /// <summary>Those of the forward pass, and of the gradients of the weights and, if asked for, of the input.</summary>
    public double OperationsWithBackward => Operations * (NeedsInputGradient ? 3 : 2);

    private int Places(int length, int kernel) => ((length + (2 * Padding) - kernel) / Stride) + 1;
}
