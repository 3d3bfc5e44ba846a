using System.Buffers.Binary;
using System.Text;

namespace Sere.Data;

/// <summary>
/// Reads a batch of the Python version of CIFAR-10: a pickle of protocol 2, whose few instructions it builds lists, tuples
/// and byte strings of. Nothing that a pickle names is looked up or run.
/// </summary>
internal sealed class Cifar10Pickle(byte[] content)
{
    /// <summary>What a pickle of protocol 2 begins with, as no file of the binary version does.</summary>
    public static ReadOnlySpan<byte> Start => [0x80, 2];

    private static readonly object Mark = new();

    private readonly List<object?> _stack = [];
    private readonly Dictionary<int, object?> _kept = [];
    private int _position = Start.Length;

    /// <summary>What was called to be made, and what it was then given: an array of NumPy has its bytes there.</summary>
    private sealed record Made(object? Arguments)
    {
        public object? State { get; set; }
    }

    public static (byte[] Pixels, byte[] Labels) Read(byte[] file, int dimensions)
    {
        if (new Cifar10Pickle(file).Run() is not Dictionary<string, object?> batch
            || batch.GetValueOrDefault("labels") is not List<object?> labels
            || batch.GetValueOrDefault("data") is not Made { State: object?[] and [_, object?[] shape, Made type, false, ReadOnlyMemory<byte> pixels] }
            || type.Arguments is not (object?[] and [ReadOnlyMemory<byte> name, ..])
            || !name.Span.SequenceEqual("u1"u8))
        {
            throw new FormatException("it holds no labels and data of type uint8");
        }

        if (shape is not [int count, int length] || length != dimensions || labels.Count != count || labels.Count == 0
            || pixels.Length != (long)count * length
            || !labels.TrueForAll(label => label is int and >= 0 and <= byte.MaxValue))
        {
            throw new FormatException($"its labels and data are not those of images of {dimensions} values");
        }

        return (pixels.ToArray(), [.. labels.Select(label => (byte)(int)label!)]);
    }

    private object? Run()
    {
        while (true)
        {
            switch ((char)Byte())
            {
                case '}':
                    _stack.Add(new Dictionary<string, object?>(StringComparer.Ordinal));
                    break;
                case ']':
                    _stack.Add(new List<object?>());
                    break;
                case '(':
                    _stack.Add(Mark);
                    break;
                case 'q':
                    _kept[Byte()] = Top();
                    break;
                case 'r':
                    _kept[BinaryPrimitives.ReadInt32LittleEndian(Take(4).Span)] = Top();
                    break;
                case 'h':
                    _stack.Add(_kept.TryGetValue(Byte(), out object? near) ? near : throw Unknown());
                    break;
                case 'j':
                    _stack.Add(_kept.TryGetValue(BinaryPrimitives.ReadInt32LittleEndian(Take(4).Span), out object? far)
                        ? far
                        : throw Unknown());
                    break;
                case 'U':
                    _stack.Add(Take(Byte()));
                    break;
                case 'T':
                    _stack.Add(Take(BinaryPrimitives.ReadInt32LittleEndian(Take(4).Span)));
                    break;
                case 'K':
                    _stack.Add((int)Byte());
                    break;
                case 'M':
                    _stack.Add((int)BinaryPrimitives.ReadUInt16LittleEndian(Take(2).Span));
                    break;
                case 'J':
                    _stack.Add(BinaryPrimitives.ReadInt32LittleEndian(Take(4).Span));
                    break;
                case 'N':
                    _stack.Add(null);
                    break;
                case '\x88' or '\x89':
                    _stack.Add(content[_position - 1] == 0x88);
                    break;
                case 'c':
                    // The module and the name of what is called.
                    TakeLine();
                    TakeLine();
                    _stack.Add(null);
                    break;
                case 't':
                    _stack.Add(PopToMark());
                    break;
                case >= '\x85' and <= '\x87' and var tuple:
                    _stack.Add(Pop(tuple - '\x84'));
                    break;
                case 'R':
                    _stack.Add(new Made(Pop(2)[1]));
                    break;
                case 'b':
                    object? state = Pop(1)[0];
                    (Top() as Made ?? throw Unknown()).State = state;
                    break;
                case 'e':
                    object?[] items = PopToMark();
                    (Top() as List<object?> ?? throw Unknown()).AddRange(items);
                    break;
                case 'u':
                    SetItems(PopToMark());
                    break;
                case '.':
                    return Top();
                default:
                    throw Unknown();
            }
        }
    }

    private void SetItems(object?[] items)
    {
        if (Top() is not Dictionary<string, object?> dictionary || items.Length % 2 != 0)
        {
            throw Unknown();
        }

        for (int i = 0; i < items.Length; i += 2)
        {
            string key = items[i] is ReadOnlyMemory<byte> text ? Encoding.Latin1.GetString(text.Span) : throw Unknown();
            dictionary[key] = items[i + 1];
        }
    }

    private ReadOnlyMemory<byte> Take(int count)
    {
        if (count < 0 || count > content.Length - _position)
        {
            throw new FormatException("it ends early");
        }

        _position += count;
        return content.AsMemory(_position - count, count);
    }

    private byte Byte() => Take(1).Span[0];

    private void TakeLine() => Take(content.AsSpan(_position).IndexOf((byte)'\n') + 1 is > 0 and var length ? length : throw Unknown());

    private object? Top() => _stack.Count > 0 ? _stack[^1] : throw Unknown();

    private object?[] Pop(int count)
    {
        if (count > _stack.Count)
        {
            throw Unknown();
        }

        object?[] popped = [.. _stack[^count..]];
        _stack.RemoveRange(_stack.Count - count, count);
        return popped;
    }

    private object?[] PopToMark()
    {
        int mark = _stack.LastIndexOf(Mark);
        object?[] popped = mark >= 0 ? Pop(_stack.Count - mark - 1) : throw Unknown();
        _stack.RemoveAt(mark);
        return popped;
    }

    private FormatException Unknown() => new($"its byte {_position} is none that such a batch has there");
}
