using System.Text.Json;

namespace Sere.Data;

/// <summary>
/// The built-in data sets "parts" and "parts-colour": 64x64 pictures, like photographs, of a flange on a belt, grey and in
/// colour. Normal ones are to train on and to test with; others have a defect. Each image is a function of the seed, the set
/// and its index, with the same bytes on every machine; a shorter set is a prefix of a longer one.
/// </summary>
public static class PartsGenerator
{
    internal const string Grey = "parts";

    internal const string Colour = "parts-colour";

    internal const int TrainImages = 300;

    internal const int TestImages = 100;

    internal const int DefectImages = 50;

    internal const long Seed = 1;

    private const int TrainStream = 0;
    private const int TestStream = 1;
    private const int DefectStream = 2;

    private static readonly PartDefect[] Kinds = Enum.GetValues<PartDefect>();

    /// <summary>The shape of each image.</summary>
    /// <param name="colour">Whether it has colours, or grey values.</param>
    public static ImageShape Shape(bool colour) => new(colour ? 3 : 1, PartDrawing.Side, PartDrawing.Side);

    /// <summary>Draws normal parts to train on.</summary>
    /// <param name="colour">Whether they have colours, or grey values.</param>
    /// <param name="count">The number of images.</param>
    /// <param name="seed">The seed; another one gives other images.</param>
    public static ImageSet GenerateTrain(bool colour, int count = TrainImages, long seed = Seed) =>
        Generate(colour, count, seed, TrainStream, _ => null);

    /// <summary>Draws normal parts to test with.</summary>
    /// <param name="colour">Whether they have colours, or grey values.</param>
    /// <param name="count">The number of images.</param>
    /// <param name="seed">The seed; another one gives other images.</param>
    public static ImageSet GenerateTest(bool colour, int count = TestImages, long seed = Seed) =>
        Generate(colour, count, seed, TestStream, _ => null);

    /// <summary>
    /// Draws parts with a defect each, whose kind is in the image's name: a scratch, dent, stain or chip, or a hole or print
    /// that is missing, in turns.
    /// </summary>
    /// <param name="colour">Whether they have colours, or grey values.</param>
    /// <param name="count">The number of images.</param>
    /// <param name="seed">The seed; another one gives other images.</param>
    public static ImageSet GenerateDefects(bool colour, int count = DefectImages, long seed = Seed) =>
        Generate(colour, count, seed, DefectStream, index => Kinds[index % Kinds.Length]);

    private static ImageSet Generate(bool colour, int count, long seed, int stream, Func<int, PartDefect?> defect)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        var shape = Shape(colour);
        byte[] pixels = new byte[checked(count * shape.Dimensions)];
        string[] names = new string[count];
        Parallel.For(0, count, index =>
        {
            PartDefect? kind = defect(index);
            string name = kind is { } known ? JsonNamingPolicy.KebabCaseLower.ConvertName(known.ToString()) : "part";
            names[index] = $"{name}-{index:D3}.png";
            new PartDrawing(new IntegerRandom(seed, stream, index), kind)
                .Write(pixels.AsSpan(index * shape.Dimensions, shape.Dimensions));
        });
        return new ImageSet(shape, pixels, names: names);
    }
}

/// <summary>What can be wrong with a part. The last two make its picture simpler.</summary>
internal enum PartDefect
{
    Scratch,

    Dent,

    Stain,

    Chip,

    MissingHole,

    MissingPrint,
}
