namespace Sere.Numerics;

/// <summary>
/// Bytes that are not a whole 64-bit little-endian ELF file. The message does not know the file's name; whoever read
/// the file adds it.
/// </summary>
internal sealed class ElfFormatException : SereException
{
    public ElfFormatException(string message)
        : base(message)
    {
    }
}
