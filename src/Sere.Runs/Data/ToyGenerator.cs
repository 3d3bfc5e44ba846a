namespace Sere.Data;

/// <summary>
/// The built-in data sets of vectors on the plane, shape 1x1x2: "two-moons", "checkerboard" and "rings". Each vector is a
/// function of its split and its index, with the same bits on every machine.
/// </summary>
internal static class ToyGenerator
{
    public const int TrainVectors = 50_000;

    public const int TestVectors = 10_000;

    private const long Seed = 1;
    private const int TrainStream = 0;
    private const int TestStream = 1;
    private const int Streams = 2;
    private const double MoonNoise = 0.1;
    private const double RingNoise = 0.08;

    public static (ImageSet Train, ImageSet Test) Generate(ToyShape shape) =>
        (Generate(shape, TrainVectors, TrainStream), Generate(shape, TestVectors, TestStream));

    /// <summary>The first training vectors, or as many as are asked for.</summary>
    public static ImageSet GenerateTrain(ToyShape shape, int count) => Generate(shape, count, TrainStream);

    private static ImageSet Generate(ToyShape shape, int count, int stream)
    {
        float[] values = new float[2 * count];
        for (int i = 0; i < count; i++)
        {
            var random = new IntegerRandom(Seed, (Streams * (int)shape) + stream, i);
            var (x, y) = shape switch
            {
                ToyShape.TwoMoons => Moons(ref random),
                ToyShape.Checkerboard => Checkerboard(ref random),
                ToyShape.Rings => Rings(ref random),
            };
            values[2 * i] = (float)x;
            values[(2 * i) + 1] = (float)y;
        }

        return new ImageSet(new ImageShape(1, 1, 2), values);
    }

    private static (double X, double Y) Moons(ref IntegerRandom random)
    {
        bool upper = random.NextBelow(2) == 0;
        var (x, y) = OnCircle(ref random);
        y = Math.Abs(y);
        (x, y) = upper ? (x - 0.5, y - 0.25) : (0.5 - x, 0.25 - y);
        return (x + (MoonNoise * random.Bell()), y + (MoonNoise * random.Bell()));
    }

    private static (double X, double Y) Checkerboard(ref IntegerRandom random)
    {
        int column = random.NextBelow(4);
        int row = (2 * random.NextBelow(2)) + (column % 2);
        double left = (2 * column) - 4;
        double bottom = (2 * row) - 4;
        return (random.Uniform(left, left + 2), random.Uniform(bottom, bottom + 2));
    }

    private static (double X, double Y) Rings(ref IntegerRandom random)
    {
        double radius = 1 + random.NextBelow(4) + (RingNoise * random.Bell());
        var (x, y) = OnCircle(ref random);
        return (radius * x, radius * y);
    }

    /// <summary>A point of the unit circle, without a sine: that of the direction of a point in the disc.</summary>
    private static (double X, double Y) OnCircle(ref IntegerRandom random)
    {
        while (true)
        {
            double x = random.Uniform(-1, 1);
            double y = random.Uniform(-1, 1);
            double length = Math.Sqrt((x * x) + (y * y));
            if (length is > 0.1 and <= 1)
            {
                return (x / length, y / length);
            }
        }
    }
}

/// <summary>A density on the plane to learn.</summary>
internal enum ToyShape
{
    TwoMoons,

    Checkerboard,

    Rings,
}
