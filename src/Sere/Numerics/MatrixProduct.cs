using System.Runtime.InteropServices;

namespace Sere.Numerics;

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
