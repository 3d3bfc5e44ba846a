using System.Runtime.InteropServices;

namespace Sere.Numerics.Kernels;

/// <summary>Neighbouring columns of a masked weight.</summary>
/// <param name="First">The first column.</param>
/// <param name="Columns">How many.</param>
/// <param name="Open">So many first rows no column of them masks.</param>
/// <param name="End">From this row on every column of them masks; between lies their corner.</param>
/// <param name="Corner">Where the corner begins among those of all groups, each [End - Open, Columns].</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct MaskGroup(int First, int Columns, int Open, int End, int Corner)
{
    /// <summary>Rows of the corner.</summary>
    public int CornerRows => End - Open;
}
