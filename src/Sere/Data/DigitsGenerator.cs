namespace Sere.Data;

/// <summary>
/// The built-in data set "digits": 28x28 grey digits drawn from pen strokes. It needs no download. Each image is a
/// function of the seed, the split and its index, with the same bytes on every machine; a shorter set is a prefix of a
/// longer one; every ten consecutive images from a multiple of ten hold each digit once.
/// </summary>
public static class DigitsGenerator
{
    /// <summary>The number of training images of the data set "digits".</summary>
    public const int TrainImages = 10_000;

    /// <summary>The number of test images of the data set "digits".</summary>
    public const int TestImages = 2_000;

    /// <summary>The seed of the data set "digits".</summary>
    public const long Seed = 1;

    private const int Digits = 10;
    private const int TrainStream = 0;
    private const int TestStream = 1;
    private const int LabelStreams = 2;

    /// <summary>The shape of each image.</summary>
    public static ImageShape Shape => new(1, DigitPen.Side, DigitPen.Side);

    /// <summary>Draws training images and their labels.</summary>
    /// <param name="count">The number of images.</param>
    /// <param name="seed">The seed; another one gives other images.</param>
    public static ImageSet GenerateTrain(int count = TrainImages, long seed = Seed) =>
        Generate(count, seed, TrainStream);

    /// <summary>Draws test images and their labels.</summary>
    /// <param name="count">The number of images.</param>
    /// <param name="seed">The seed; another one gives other images.</param>
    public static ImageSet GenerateTest(int count = TestImages, long seed = Seed) => Generate(count, seed, TestStream);

    private static ImageSet Generate(int count, long seed, int stream)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        int dimensions = Shape.Dimensions;
        byte[] pixels = new byte[checked(count * dimensions)];
        byte[] labels = new byte[count];
        Parallel.For(0, (count + Digits - 1) / Digits, group =>
        {
            Span<int> order = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
            new IntegerRandom(seed, stream + LabelStreams, group).Shuffle(order);
            for (int i = 0; i < Digits && (group * Digits) + i < count; i++)
            {
                int index = (group * Digits) + i;
                labels[index] = (byte)order[i];
                var pen = new DigitPen(new IntegerRandom(seed, stream, index));
                pen.Draw(order[i], pixels.AsSpan(index * dimensions, dimensions));
            }
        });
        return new ImageSet(Shape, pixels, labels);
    }
}
