using System.Runtime.InteropServices;

namespace Sere.Numerics;

/// <summary>One section of an ELF file: its type, its bytes [Start, Start + Length), and what its header refers to.</summary>
/// <param name="Type">The section's type (<c>sh_type</c>).</param>
/// <param name="Start">Where its bytes begin in the file.</param>
/// <param name="Length">How many bytes it has; they lie within the file.</param>
/// <param name="Link">The index of the section that it refers to, such as its string table.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ElfSection(uint Type, int Start, int Length, uint Link);
