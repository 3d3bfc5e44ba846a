namespace Sere.Evaluation;

/// <summary>
/// The codes of training images, among which the code of a normal image lies as close to its neighbours as they to theirs: the
/// local outlier factor in its simple form (Breunig et al. 2000; Schubert et al. 2014). Images of several kinds have codes of
/// several clouds, and what lies between these is far from no single distribution of all.
/// </summary>
/// <param name="Codes">Posterior means of training images, [N D].</param>
/// <param name="Distances">The mean distance of each from its neighbours, [N].</param>
internal sealed record CodeNeighbours(float[] Codes, float[] Distances)
{
    /// <summary>
    /// With fewer images neighbours are far, and say nothing: on ten sets of photographs of 240 they told faults no better than
    /// chance.
    /// </summary>
    public const int FewestImages = 1000;

    private const int MostImages = 10_000;
    private const int MostValues = 1 << 22;
    private const int Neighbours = 10;

    // Images that are alike have one code, and no ratio of distances from it.
    private const double SmallestDistance = 1e-6;

    /// <summary>How many of so many training images are taken; 0 where they have no codes, or are too few for them.</summary>
    public static int Count(int images, int latents) =>
        latents > 0 && Math.Min(Math.Min(MostImages, images), MostValues / latents) is >= FewestImages and var count ? count : 0;

    /// <summary>Of the codes of training images, [N D]; null where they are no numbers.</summary>
    public static CodeNeighbours? Of(float[] codes, int latents, CancellationToken cancellation = default)
    {
        float[] distances = new float[codes.Length / latents];
        for (int image = 0; image < distances.Length; image++)
        {
            cancellation.ThrowIfCancellationRequested();
            var nearest = Nearest(codes, codes.AsSpan(image * latents, latents), except: image);
            distances[image] = (float)nearest.Average(neighbour => neighbour.Distance);
        }

        return codes.All(float.IsFinite) && distances.All(float.IsFinite) ? new CodeNeighbours(codes, distances) : null;
    }

    /// <summary>
    /// The logarithm of how much farther a code is from its neighbours than these from theirs: 0 where it lies among them.
    /// </summary>
    /// <param name="code">[D].</param>
    public double LogOutlierFactor(ReadOnlySpan<float> code)
    {
        var nearest = Nearest(Codes, code, except: -1);
        return Math.Log(
            Math.Max(nearest.Average(neighbour => neighbour.Distance), SmallestDistance)
            / Math.Max(nearest.Average(neighbour => Distances[neighbour.Image]), SmallestDistance));
    }

    /// <summary>Whether all is there, of sizes that fit each other, and finite.</summary>
    public bool IsSound(int latents) =>
        latents > 0 && Distances.Length >= FewestImages && Codes.Length == Distances.Length * (long)latents
        && Codes.All(float.IsFinite) && Distances.All(float.IsFinite);

    private static (int Image, double Distance)[] Nearest(float[] codes, ReadOnlySpan<float> code, int except)
    {
        var nearest = new PriorityQueue<int, float>(Neighbours + 1);
        for (int image = 0; image < codes.Length / code.Length; image++)
        {
            float square = Sums.OfSquares(code, codes.AsSpan(image * code.Length, code.Length));
            if (image == except)
            {
                continue;
            }

            if (nearest.Count < Neighbours)
            {
                nearest.Enqueue(image, -square);
            }
            else
            {
                nearest.EnqueueDequeue(image, -square);
            }
        }

        return [.. nearest.UnorderedItems.Select(item => (item.Element, Math.Sqrt(-item.Priority)))];
    }
}
