using System.Runtime.InteropServices;

namespace Sere.Numerics.Kernels;

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
