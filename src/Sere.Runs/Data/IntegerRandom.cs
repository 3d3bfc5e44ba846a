using System.Numerics;

namespace Sere.Data;

/// <summary>
/// A small random number generator of integer arithmetic alone (PCG XSH RR 64/32), so that what is drawn from it is the
/// same on every machine and with every version of the tensor library.
/// </summary>
internal struct IntegerRandom
{
    private const ulong Multiplier = 6364136223846793005UL;
    private const ulong Increment = 1442695040888963407UL;
    private ulong _state;

    /// <summary>A generator whose numbers are a function of the seed.</summary>
    public IntegerRandom(ulong seed)
    {
        _state = unchecked(Mix(seed) + Increment);
        Next();
    }

    /// <summary>A generator for one place under a seed, such as one image of one split.</summary>
    public IntegerRandom(long seed, int stream, long index)
        : this(unchecked(Mix(Mix((ulong)seed) + (ulong)stream) + (ulong)index))
    {
    }

    public uint Next()
    {
        ulong old = _state;
        _state = unchecked((old * Multiplier) + Increment);
        return BitOperations.RotateRight((uint)(((old >> 18) ^ old) >> 27), (int)(old >> 59));
    }

    /// <summary>A whole number from 0 to below the bound, each equally likely.</summary>
    public int NextBelow(int bound)
    {
        uint range = (uint)bound;
        // Rejects the first 2^32 mod bound values, which would make the low numbers likelier.
        uint rejected = unchecked(0U - range) % range;
        uint drawn;
        do
        {
            drawn = Next();
        }
        while (drawn < rejected);
        return (int)(drawn % range);
    }

    public double Uniform(double low, double high) => low + ((high - low) * (Next() * (1.0 / 4294967296.0)));

    /// <summary>
    /// A bell-shaped number of mean 0 and variance 1, never beyond 3.5: a sum of four uniform numbers, because it needs
    /// no logarithm.
    /// </summary>
    public double Bell()
    {
        double sum = Uniform(-1, 1) + Uniform(-1, 1) + Uniform(-1, 1) + Uniform(-1, 1);
        return sum * 0.8660254037844386;
    }

    public void Shuffle(Span<int> elements)
    {
        for (int last = elements.Length - 1; last > 0; last--)
        {
            int other = NextBelow(last + 1);
            (elements[last], elements[other]) = (elements[other], elements[last]);
        }
    }

    // The finalizer of SplitMix64: neighbouring seeds land far apart.
    private static ulong Mix(ulong value)
    {
        unchecked
        {
            value += 0x9E3779B97F4A7C15UL;
            value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9UL;
            value = (value ^ (value >> 27)) * 0x94D049BB133111EBUL;
            return value ^ (value >> 31);
        }
    }
}
