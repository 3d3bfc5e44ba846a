using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Sere.Storage;

/// <summary>
/// The head of an npy file: the magic bytes, the version, the length of a Python dictionary literal, then the literal,
/// which gives the type, the shape and the order of the elements that follow.
/// </summary>
/// <param name="Type">The type of the elements.</param>
/// <param name="Swapped">Whether their bytes are in the other order than this machine's.</param>
/// <param name="IsFortran">Whether the first index runs fastest instead of the last.</param>
/// <param name="Shape">The sizes; none for a single number.</param>
/// <param name="DataLength">The bytes that the elements take.</param>
internal sealed record NpyHeader(NpyElementType Type, bool Swapped, bool IsFortran, int[] Shape, int DataLength)
{
    /// <summary>The key of the element type.</summary>
    public const string TypeKey = "descr";

    /// <summary>The key of the element order.</summary>
    public const string OrderKey = "fortran_order";

    /// <summary>The key of the sizes.</summary>
    public const string ShapeKey = "shape";

    /// <summary>The most sizes of a shape, which is also NumPy's limit.</summary>
    public const int MaximumDimensions = 64;

    /// <summary>The longest literal that is read, in bytes. Those of 64 sizes with generous blanks stay below.</summary>
    public const int MaximumLength = 1 << 16;

    // The data then starts at a multiple of it and can be mapped into memory and used where it lies.
    private const int Alignment = 64;

    /// <summary>What every file begins with.</summary>
    public static ReadOnlySpan<byte> Magic =>
        [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>How many bytes the elements of an array take; none if more than one array can hold.</summary>
    public static int? CountBytes(NpyElementType type, ReadOnlySpan<int> shape)
    {
        // A zero among the sizes must not hide others that no array could have.
        long length = NpyElementTypes.SizeOf(type);
        foreach (int size in shape)
        {
            length *= Math.Max(size, 1);
            if (length > Array.MaxLength)
            {
                return null;
            }
        }

        return shape.Contains(0) ? 0 : (int)length;
    }

    /// <summary>The bytes of the head of a file with an array of this machine's byte order, last index fastest.</summary>
    public static byte[] Encode(NpyElementType type, IReadOnlyList<int> shape)
    {
        string sizes = string.Join(", ", shape.Select(size => size.ToString(CultureInfo.InvariantCulture)));
        // One size alone needs a comma to be a tuple.
        string literal =
            $"{{'{TypeKey}': '{NpyElementTypes.DescriptorOf(type)}', '{OrderKey}': False, "
            + $"'{ShapeKey}': ({sizes}{(shape.Count == 1 ? "," : "")}), }}";
        int prefix = Magic.Length + 2 + sizeof(ushort);
        int length = (prefix + literal.Length + 1 + Alignment - 1) / Alignment * Alignment;
        byte[] head = new byte[length];
        head.AsSpan().Fill((byte)' ');
        Magic.CopyTo(head);
        head[Magic.Length] = 1;
        head[Magic.Length + 1] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(prefix - sizeof(ushort)), (ushort)(length - prefix));
        Encoding.ASCII.GetBytes(literal, head.AsSpan(prefix));
        head[^1] = (byte)'\n';
        return head;
    }
}
