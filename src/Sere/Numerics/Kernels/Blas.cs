using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Sere.Numerics.Kernels;

/// <summary>
/// The matrix product of the library that libtorch computes with, called for a piece of the work at a time: so each thread
/// has products of its own and goes on with what follows them while they are in its cache. Called through libtorch, each
/// product would make all threads wait for each other (docs/performance.md).
/// </summary>
internal static unsafe class Blas
{
    private static readonly Lazy<nint> Product = new(() => Find("SGEMM"));
    private static readonly Lazy<nint> NarrowProduct = new(() => Find("GEMM_BF16BF16F32"));
    private static readonly Lazy<nint> ThreadLimit = new(() => Find("MKL_Set_Num_Threads_Local"));

    [ThreadStatic]
    private static bool _withheld;

    /// <summary>Whether libtorch lets its products be called: it does where it contains MKL, on Linux.</summary>
    public static bool IsAvailable =>
        !_withheld && Product.Value != 0 && NarrowProduct.Value != 0 && ThreadLimit.Value != 0;

    /// <summary>Has this thread do without until the result is disposed, as other systems have to.</summary>
    public static IDisposable Withhold() => new Scope();

    /// <summary>target = first second, of row-major matrices [rows, inner] and [inner, columns].</summary>
    /// <param name="first">The first matrix.</param>
    /// <param name="firstIsTransposed">Whether it is stored as [inner, rows].</param>
    /// <param name="second">The second matrix.</param>
    /// <param name="secondIsTransposed">Whether it is stored as [columns, inner].</param>
    /// <param name="target">The product, [rows, columns].</param>
    /// <param name="rows">Rows of the product.</param>
    /// <param name="inner">Terms of each sum.</param>
    /// <param name="columns">Columns of the product.</param>
    /// <param name="precision">Precision of the factors; the product is float32.</param>
    public static void Multiply(
        float* first,
        bool firstIsTransposed,
        float* second,
        bool secondIsTransposed,
        float* target,
        int rows,
        int inner,
        int columns,
        ProductPrecision precision)
    {
        var left = new BlasMatrix(first, firstIsTransposed ? rows : inner, firstIsTransposed);
        var right = new BlasMatrix(second, secondIsTransposed ? inner : columns, secondIsTransposed);
        if (precision == ProductPrecision.Full)
        {
            Multiply(left, right, new BlasMatrix(target, columns), rows, inner, columns, accumulates: false);
            return;
        }

        var (transposeSecond, transposeFirst) = (right.Order, left.Order);
        var (secondStride, firstStride) = (right.Stride, left.Stride);
        float one = 1;
        float zero = 0;
        using var narrowSecond = new BFloat16Memory(second, inner * columns);
        using var narrowFirst = new BFloat16Memory(first, rows * inner);
        fixed (ushort* factor = narrowSecond)
        fixed (ushort* other = narrowFirst)
        {
            var product = (delegate* unmanaged[Cdecl]<
                byte*, byte*, int*, int*, int*, float*, ushort*, int*, ushort*, int*, float*, float*, int*, void>)
                NarrowProduct.Value;
            int before = LimitThreads(1);
            product(
                &transposeSecond,
                &transposeFirst,
                &columns,
                &rows,
                &inner,
                &one,
                factor,
                &secondStride,
                other,
                &firstStride,
                &zero,
                target,
                &columns);
            LimitThreads(before);
        }
    }

    /// <summary>target = first second, or target + first second, of parts of matrices [rows, inner] and [inner, columns].</summary>
    /// <param name="first">The first matrix.</param>
    /// <param name="second">The second matrix.</param>
    /// <param name="target">Where the product is written, [rows, columns]; not transposed.</param>
    /// <param name="rows">Rows of the product.</param>
    /// <param name="inner">Terms of each sum.</param>
    /// <param name="columns">Columns of the product.</param>
    /// <param name="accumulates">Whether the product is added to what is there.</param>
    public static void Multiply(
        BlasMatrix first, BlasMatrix second, BlasMatrix target, int rows, int inner, int columns, bool accumulates)
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

    private static nint Find(string name)
    {
        if (!OperatingSystem.IsLinux() || !OpenMpTeam.IsAvailable)
        {
            return 0;
        }

        using var process = Process.GetCurrentProcess();
        string? path = process.Modules.Cast<ProcessModule>()
            .Select(module => module.FileName)
            .FirstOrDefault(file => Path.GetFileName(file).StartsWith("libtorch_cpu", StringComparison.Ordinal));
        return path is not null
            && NativeLibrary.TryLoad(path, out nint library)
            && NativeLibrary.TryGetExport(library, name, out nint product) ? product : 0;
    }

    private sealed class Scope : IDisposable
    {
        private readonly bool _before = _withheld;

        public Scope()
        {
            _withheld = true;
        }

        public void Dispose() => _withheld = _before;
    }
}

/// <summary>A row-major matrix in memory, or a part of the columns of a wider one.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly unsafe struct BlasMatrix
{
    /// <summary>A matrix.</summary>
    /// <param name="start">Its first number.</param>
    /// <param name="stride">Numbers from one row to the next, as it is stored.</param>
    /// <param name="isTransposed">Whether its transpose is what is stored.</param>
    public BlasMatrix(float* start, int stride, bool isTransposed = false)
    {
        Start = start;
        Stride = stride;
        IsTransposed = isTransposed;
    }

    /// <summary>Its first number.</summary>
    public float* Start { get; }

    /// <summary>Numbers from one row to the next, as it is stored.</summary>
    public int Stride { get; }

    /// <summary>Whether its transpose is what is stored.</summary>
    public bool IsTransposed { get; }

    /// <summary>The letter by which a routine is told so.</summary>
    public byte Order => (byte)(IsTransposed ? 'T' : 'N');
}
