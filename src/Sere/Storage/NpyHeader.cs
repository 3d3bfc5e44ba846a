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

/// <summary>
/// Reads the Python literal in the head of an npy file: a dictionary of one string, one of True and False, and a tuple
/// of whole numbers. Nothing else of the language is known here, and nothing is ever evaluated.
/// </summary>
internal ref struct NpyHeaderParser
{
    private readonly ReadOnlySpan<byte> _text;
    private int _position;

    private NpyHeaderParser(ReadOnlySpan<byte> text)
    {
        _text = text;
        _position = 0;
    }

    /// <summary>Reads the literal.</summary>
    /// <exception cref="FormatException">It breaks the format; the message fits behind "because".</exception>
    /// <exception cref="NotSupportedException">
    /// It describes elements that are not plain numbers; the message fits behind "because".
    /// </exception>
    public static NpyHeader Parse(ReadOnlySpan<byte> text)
    {
        var parser = new NpyHeaderParser(text);
        return parser.ReadDictionary();
    }

    private NpyHeader ReadDictionary()
    {
        string? descriptor = null;
        bool? isFortran = null;
        int[]? shape = null;
        Expect('{');
        while (!TryTake('}'))
        {
            string key = ReadString();
            Expect(':');
            switch (key)
            {
                case NpyHeader.TypeKey when descriptor is null:
                    descriptor = ReadDescriptor();
                    break;
                case NpyHeader.OrderKey when isFortran is null:
                    isFortran = ReadBoolean();
                    break;
                case NpyHeader.ShapeKey when shape is null:
                    shape = ReadShape();
                    break;
                case NpyHeader.TypeKey or NpyHeader.OrderKey or NpyHeader.ShapeKey:
                    throw new FormatException($"its header has {QuotedText.Of(key)} twice");
                default:
                    throw new FormatException($"its header has the unknown key {QuotedText.Of(key)}");
            }

            if (!TryTake(','))
            {
                Expect('}');
                break;
            }
        }

        SkipBlanks();
        if (_position < _text.Length)
        {
            throw Unexpected();
        }

        if (descriptor is null || isFortran is null || shape is null)
        {
            string missing = descriptor is null ? NpyHeader.TypeKey
                : isFortran is null ? NpyHeader.OrderKey
                : NpyHeader.ShapeKey;
            throw new FormatException($"its header lacks '{missing}'");
        }

        (NpyElementType type, bool swapped) = NpyElementTypes.Find(descriptor);
        int dataLength = NpyHeader.CountBytes(type, shape) ?? throw new FormatException(
            $"its shape takes more than the {Array.MaxLength} bytes that one array can hold");
        return new NpyHeader(type, swapped, isFortran.Value, shape, dataLength);
    }

    private string ReadDescriptor()
    {
        SkipBlanks();
        return _position < _text.Length && _text[_position] is (byte)'[' or (byte)'(' or (byte)'{'
            ? throw new NotSupportedException("its elements are records of several fields")
            : ReadString();
    }

    private string ReadString()
    {
        SkipBlanks();
        if (_position == _text.Length || _text[_position] is not ((byte)'\'' or (byte)'"'))
        {
            throw Unexpected();
        }

        byte quote = _text[_position++];
        int start = _position;
        while (_position < _text.Length && _text[_position] != quote)
        {
            // What begins with a backslash means something else in Python than it says; no type or key needs one.
            if (_text[_position] is (byte)'\\' or < (byte)' ')
            {
                throw Unexpected();
            }

            _position++;
        }

        if (_position == _text.Length)
        {
            throw Unexpected();
        }

        return Encoding.Latin1.GetString(_text[start.._position++]);
    }

    private bool ReadBoolean() => TryTakeWord("True"u8) || (TryTakeWord("False"u8) ? false : throw Unexpected());

    private int[] ReadShape()
    {
        var sizes = new List<int>();
        bool endsInComma = true;
        Expect('(');
        while (!TryTake(')'))
        {
            if (!endsInComma)
            {
                throw Unexpected();
            }

            sizes.Add(ReadSize());
            if (sizes.Count > NpyHeader.MaximumDimensions)
            {
                throw new FormatException($"its shape has more than {NpyHeader.MaximumDimensions} sizes");
            }

            endsInComma = TryTake(',');
        }

        // In Python (3) is the number 3, and only (3,) a tuple.
        return sizes.Count != 1 || endsInComma ? [.. sizes] : throw Unexpected();
    }

    private int ReadSize()
    {
        SkipBlanks();
        int start = _position;
        long size = 0;
        while (_position < _text.Length && _text[_position] is >= (byte)'0' and <= (byte)'9')
        {
            size = (size * 10) + (_text[_position++] - '0');
            if (size > int.MaxValue)
            {
                throw new FormatException($"its shape has a size above {int.MaxValue}");
            }
        }

        if (_position == start || (_text[start] == '0' && _position > start + 1))
        {
            throw Unexpected();
        }

        // Python 2 marks its long numbers so.
        if (_position < _text.Length && _text[_position] == 'L')
        {
            _position++;
        }

        return (int)size;
    }

    private bool TryTakeWord(ReadOnlySpan<byte> word)
    {
        SkipBlanks();
        if (!_text[_position..].StartsWith(word))
        {
            return false;
        }

        _position += word.Length;
        return true;
    }

    private bool TryTake(char mark)
    {
        SkipBlanks();
        if (_position == _text.Length || _text[_position] != mark)
        {
            return false;
        }

        _position++;
        return true;
    }

    private void Expect(char mark)
    {
        if (!TryTake(mark))
        {
            throw Unexpected();
        }
    }

    private void SkipBlanks()
    {
        while (_position < _text.Length && _text[_position] is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r')
        {
            _position++;
        }
    }

    private readonly FormatException Unexpected() =>
        new(_position == _text.Length
            ? "its header ends within the description of the array"
            : $"its header is no description of an array from its byte {_position} on");
}
