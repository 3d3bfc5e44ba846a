using System.Runtime.InteropServices;

namespace Sere.Numerics;

/// <summary>A symbol version that an ELF file asks of a library that it needs (a <c>Vernaux</c> entry).</summary>
/// <param name="FlagsOffset">Where the entry's 16 bits of flags lie in the file.</param>
/// <param name="IsWeak">Whether the entry is marked optional already.</param>
/// <param name="IsUsed">Whether a relocation needs a symbol of this version, so that it cannot be optional.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ElfVersionRequirement(int FlagsOffset, bool IsWeak, bool IsUsed);
