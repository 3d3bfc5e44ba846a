namespace Sere.Storage;

/// <summary>The element types with their codes in the header of an npy file and their sizes in bytes.</summary>
internal static class NpyElementTypes
{
    private static readonly (NpyElementType Type, string Code, int Size)[] All =
    [
        (NpyElementType.Boolean, "b1", 1),
        (NpyElementType.UInt8, "u1", 1),
        (NpyElementType.Int8, "i1", 1),
        (NpyElementType.UInt16, "u2", 2),
        (NpyElementType.Int16, "i2", 2),
        (NpyElementType.UInt32, "u4", 4),
        (NpyElementType.Int32, "i4", 4),
        (NpyElementType.UInt64, "u8", 8),
        (NpyElementType.Int64, "i8", 8),
        (NpyElementType.Float16, "f2", 2),
        (NpyElementType.Float32, "f4", 4),
        (NpyElementType.Float64, "f8", 8),
    ];

    /// <summary>The size of one element in bytes.</summary>
    public static int SizeOf(NpyElementType type) => Array.Find(All, known => known.Type == type).Size;

    /// <summary>What the header calls the type in the byte order of this machine, such as "&lt;f4".</summary>
    public static string DescriptorOf(NpyElementType type)
    {
        (_, string code, int size) = Array.Find(All, known => known.Type == type);
        char order = size == 1 ? '|' : BitConverter.IsLittleEndian ? '<' : '>';
        return order + code;
    }

    /// <summary>The type that a header names, in this machine's order where it says none, and whether its bytes are in the other order than this machine's.</summary>
    /// <exception cref="NotSupportedException">
    /// It names another type; the message says so in words that fit behind "because".
    /// </exception>
    public static (NpyElementType Type, bool Swapped) Find(string descriptor)
    {
        foreach ((NpyElementType type, string code, int size) in All)
        {
            if (descriptor.Length is 2 or 3 && descriptor.EndsWith(code, StringComparison.Ordinal))
            {
                switch (descriptor.Length == 2 ? '=' : descriptor[0])
                {
                    case '<':
                        return (type, size > 1 && !BitConverter.IsLittleEndian);
                    case '>':
                        return (type, size > 1 && BitConverter.IsLittleEndian);
                    case '=':
                    case '|' when size == 1:
                        return (type, false);
                }
            }
        }

        throw new NotSupportedException(
            descriptor.TrimStart('<', '>', '=', '|').StartsWith('O')
                ? "it holds Python objects, and to load those is to run code that came with the file"
                : $"its element type {QuotedText.Of(descriptor)} is no boolean, integer or floating-point type of up to "
                    + "64 bits in a known byte order");
    }
}
