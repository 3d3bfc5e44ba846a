using System.Runtime.InteropServices;

namespace Sere.Kernels;

/// <summary>
/// The matrix product of the library that libtorch computes with, called for a piece of the work at a time: so each thread
/// has products of its own and goes on with what follows them while they are in its cache. Called through libtorch, each
/// product would make all threads wait for each other (docs/performance.md).
/// </summary>
internal static unsafe class Blas
{
    private static readonly Lazy<nint> Product = new(() => Find("SGEMM"));
    private static readonly Lazy<nint> ThreadLimit = new(() => Find("MKL_Set_Num_Threads_Local"));

    /// <summary>Whether libtorch lets its products be called: it does where it contains MKL, on Linux.</summary>
    public static bool IsAvailable => Product.Value != 0 && ThreadLimit.Value != 0;

    /// <summary>target = first second, or target + first second, of parts of matrices [rows, inner] and [inner, columns].</summary>
    /// <param name="first">The first matrix.</param>
    /// <param name="second">The second matrix.</param>
    /// <param name="target">Where the product is written, [rows, columns]; not transposed.</param>
    /// <param name="rows">Rows of the product.</param>
    /// <param name="inner">Terms of each sum.</param>
    /// <param name="columns">Columns of the product.</param>
    /// <param name="accumulates">Whether the product is added to what is there.</param>
    public static void Multiply(
        BlasMatrix first, BlasMatrix second, BlasMatrix target, int rows, int inner, int columns, bool accumulates = false)
    {
        // The routine takes matrices column by column, so that each is its own transpose: second^T first^T is computed.
        var (transposeSecond, transposeFirst) = (second.Order, first.Order);
        var (secondStride, firstStride, targetStride) = (second.Stride, first.Stride, target.Stride);
        float one = 1;
        float before = accumulates ? 1 : 0;
        var product = (delegate* unmanaged[Cdecl]<
            byte*, byte*, int*, int*, int*, float*, float*, int*, float*, int*, float*, float*, int*, void>)Product.Value;
        int threads = LimitThreads(1);
        product(
            &transposeSecond,
            &transposeFirst,
            &columns,
            &rows,
            &inner,
            &one,
            second.Start,
            &secondStride,
            first.Start,
            &firstStride,
            &before,
            target.Start,
            &targetStride);
        LimitThreads(threads);
    }

    // A product on several threads has other bits than on one; a piece is computed by one, also where it is the only one.
    private static int LimitThreads(int threads) => ((delegate* unmanaged[Cdecl]<int, int>)ThreadLimit.Value)(threads);

    private static nint Find(string name) =>
        OpenMpTeam.IsAvailable ? OpenMpTeam.FindExport("libtorch_cpu", name) : 0;
}

/// <summary>A row-major matrix in memory, or a part of the columns of a wider one.</summary>
/// <param name="start">Its first number.</param>
/// <param name="stride">Numbers from one row to the next, as it is stored.</param>
/// <param name="isTransposed">Whether its transpose is what is stored.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly unsafe struct BlasMatrix(float* start, int stride, bool isTransposed = false)
{
    public readonly float* Start = start;
    public readonly int Stride = stride;

    /// <summary>The letter by which a routine is told how it is stored.</summary>
    public byte Order => (byte)(isTransposed ? 'T' : 'N');

    /// <summary>The transpose of the same memory.</summary>
    public BlasMatrix Transpose() => new(Start, Stride, !isTransposed);
}
