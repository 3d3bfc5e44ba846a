using TorchSharp;

namespace Sere.Numerics;

/// <summary>Sums over trailing dimensions.</summary>
internal static class EventSum
{
    /// <summary>The sum of <paramref name="x"/> over its last <paramref name="dimensions"/> dimensions.</summary>
    public static torch.Tensor Of(torch.Tensor x, int dimensions)
    {
        if (dimensions == 0)
        {
            return x;
        }

        long[] trailing = new long[dimensions];
        for (int i = 0; i < dimensions; i++)
        {
            trailing[i] = i - dimensions;
        }

        return x.sum(trailing);
    }
}
