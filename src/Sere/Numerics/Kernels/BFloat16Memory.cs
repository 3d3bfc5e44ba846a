using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sere.Numerics.Kernels;

/// <summary>A copy of float32 numbers in bfloat16, rounded to the nearest, to the even one in the middle.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly unsafe ref struct BFloat16Memory : IDisposable
{
    private const uint Half = 0x7FFF;
    private const int LostBits = 16;
    private readonly ushort[] _numbers;

    /// <summary>Copies numbers.</summary>
    public BFloat16Memory(float* source, int count)
    {
        _numbers = ArrayPool<ushort>.Shared.Rent(count);
        Convert((uint*)source, _numbers, count);
    }

    /// <summary>The numbers, for a fixed statement.</summary>
    public ref ushort GetPinnableReference() => ref MemoryMarshal.GetArrayDataReference(_numbers);

    /// <inheritdoc/>
    public void Dispose() => ArrayPool<ushort>.Shared.Return(_numbers);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Convert(uint* source, ushort[] numbers, int count)
    {
        fixed (ushort* target = numbers)
        {
            int i = 0;
            for (; i <= count - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
            {
                Vector256.Narrow(
                    Rounded(Vector256.Load(source + i)), Rounded(Vector256.Load(source + i + Vector256<uint>.Count)))
                    .Store(target + i);
            }

            for (; i < count; i++)
            {
                target[i] = (ushort)Rounded(Vector256.Create(source[i])).ToScalar();
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Rounded(Vector256<uint> bits)
    {
        var lowest = (bits >> LostBits) & Vector256<uint>.One;
        var rounded = (bits + Vector256.Create(Half) + lowest) >> LostBits;

        // Rounding could carry not a number over to infinity or zero.
        var number = bits.AsSingle();
        return Vector256.ConditionalSelect(
            Vector256.Equals(number, number).AsUInt32(), rounded, Vector256.Create(0x7FC0u));
    }
}
