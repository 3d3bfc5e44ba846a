using Sere.Numerics;

namespace Sere.Data;

/// <summary>Divides images that nobody has divided: a random tenth is for testing.</summary>
internal static class RandomSplit
{
    private const int FewestImages = 10;

    /// <summary>The splits, which depend on the seed and on the images' order alone.</summary>
    /// <param name="name">The name of the data set.</param>
    /// <param name="images">All images.</param>
    /// <param name="validationImages">How many of the training images are for validation; at most a tenth of all.</param>
    /// <param name="seed">What the split is drawn from.</param>
    /// <exception cref="SereException">There are too few images.</exception>
    public static DatasetSplits Of(string name, ImageSet images, int validationImages, long seed)
    {
        RequireEnough(name, images);
        int[] order = [.. Enumerable.Range(0, images.Count)];
        new IntegerRandom(new RandomStreams(seed).Key(StreamPurpose.Split)).Shuffle(order);
        int tenth = images.Count / 10;
        int training = images.Count - tenth;
        int kept = training - Math.Min(validationImages, tenth);
        return new DatasetSplits(
            name,
            images.Select(order.AsSpan(0, kept)),
            images.Select(order.AsSpan(kept, training - kept)),
            images.Select(order.AsSpan(training)));
    }

    /// <summary>Refuses images of one's own that are too few to be divided.</summary>
    /// <exception cref="SereException">There are too few images.</exception>
    public static void RequireEnough(string name, ImageSet images)
    {
        if (images.Count < FewestImages)
        {
            throw new SereException(
                $"'{name}' holds {Counted(images.Count)}, and a data set needs at least {FewestImages}; add images or choose "
                + "another one.");
        }
    }

    private static string Counted(int images) => images == 1 ? "1 image" : $"{images} images";
}
