using CsCheck;

namespace Sere.Tests;

/// <summary>CsCheck's random inputs, the same in every run: a seed given to it fixes the first sample alone.</summary>
internal static class FixedSamples
{
    /// <summary>Checks a property of <paramref name="count"/> samples; a failure names the seed of its sample.</summary>
    public static void Check<T>(Gen<T> generator, Action<T> property, int count = 200)
    {
        for (uint i = 0; i < count; i++)
        {
            generator.Sample(property, seed: new PCG(i, 1).ToString(), iter: 1, threads: 1);
        }
    }
}
