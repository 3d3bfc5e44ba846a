using System.Globalization;
using System.Runtime.InteropServices;

namespace Sere.Data;

/// <summary>
/// The built-in data set "digits": 28x28 grey digits drawn from pen strokes. It needs no download. Each image is a
/// function of the seed, the split and its index, with the same bytes on every machine; a shorter set is a prefix of a
/// longer one; every ten consecutive images from a multiple of ten hold each digit once.
/// </summary>
public static class DigitsGenerator
{
    internal const int TrainImages = 10_000;

    internal const int TestImages = 2_000;

    internal const long Seed = 1;

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

/// <summary>
/// The strokes by which each digit is written. A form is a text: points "x,y" on a page that is 100 high and about 65
/// wide, y downwards; a pen stroke is a smooth curve through its points, with a corner at each point marked "!"; "/"
/// lifts the pen.
/// </summary>
internal static class DigitForms
{
    /// <summary>The forms of each digit; a form that people write more often is listed more often.</summary>
    private static readonly string[][] Texts =
    [
        [
            "46,5 24,4 7,30 5,62 16,91 35,98 56,84 65,52 60,18 42,3",
            "38,2 18,15 8,46 14,82 32,99 50,86 58,52 52,18 34,3 24,10",
            "26,6 8,30 5,64 18,95 40,97 60,72 62,34 48,8 28,2 18,14",
        ],
        [
            "36,0 35,50 34,100",
            "36,0 35,50 34,100",
            "36,0 35,50 34,100",
            "36,0 35,50 34,100",
            "24,22 37,2! 37,50 36,100",
            "17,31 37,2! 37,50 36,100",
            "17,25 38,2! 37,50 37,98 / 12,99 62,98",
        ],
        [
            "8,24 20,6 40,2 56,17 54,40 34,68 7,96! 36,96 68,94",
            "8,22 22,5 42,3 57,19 52,45 34,73 15,93 5,87 13,75 29,83 46,95 68,88",
            "10,15 34,2 56,17 49,47 26,78 9,97! 28,89 48,96 68,87",
        ],
        [
            "8,12 28,2 52,10 52,31 28,46! 56,58 60,82 36,99 6,90",
            "10,5 58,3! 30,41! 54,51 62,75 40,98 8,90",
            "10,10 36,2 55,17 43,38 25,46 36,50 59,65 55,90 26,99 6,87",
        ],
        [
            "15,3 7,53! 36,52 66,49 / 52,22 49,60 46,100",
            "47,0 26,34 4,65! 36,64 68,61 / 48,2 47,50 46,100",
            "11,4 8,34 17,53 38,53 56,40 / 59,3 54,50 49,100",
        ],
        [
            "20,5 14,45! 36,38 58,53 58,80 34,98 6,89 / 20,5 62,2",
            "60,2 22,5! 15,44! 36,38 58,54 56,82 32,98 6,88",
            "26,14 16,45! 34,41 54,56 52,82 28,98 4,91 / 25,13 46,9 66,1",
            "60,4 32,5 16,26 31,45 53,60 53,86 28,98 6,87",
        ],
        [
            "50,2 24,26 8,58 12,88 34,99 56,84 50,61 30,57 11,76",
            "35,0 18,36 10,68 18,94 40,98 54,81 44,63 25,64 11,82",
            "58,9 38,3 15,29 6,66 20,95 44,97 60,78 48,58 26,60 9,78",
        ],
        [
            "6,9 34,6 61,4! 45,46 31,100",
            "5,13 26,5 60,6! 42,40 32,70 29,100",
            "8,23 9,7! 36,6 60,4! 38,50 28,100",
            "6,8 34,6 61,5! 46,46 32,100 / 22,53 58,48",
        ],
        [
            "56,13 35,1 15,14 21,35 42,53 58,76 44,97 20,97 9,78 22,57 44,39 57,18 46,4",
            "12,14 32,1 53,14 47,35 28,53 10,76 24,97 46,97 58,79 45,57 24,38 12,19 22,4",
            "34,2 15,11 16,36 34,46 52,36 54,13 32,2 / 34,46 11,58 9,86 34,99 59,87 57,60 33,46",
        ],
        [
            "55,15 35,2 13,14 10,38 29,50 51,35 56,9! 53,56 47,100",
            "56,20 39,2 15,13 12,39 33,48 54,27 57,13 58,50 48,88 23,98 8,88",
            "53,8 29,4 10,23 19,44 43,37 57,9! 45,56 34,100",
        ],
    ];

    /// <summary>For each digit its forms, each a list of strokes, each a list of points.</summary>
    public static IReadOnlyList<StrokePoint[][][]> All { get; } =
        Array.ConvertAll(Texts, forms => Array.ConvertAll(forms, ParseForm));

    private static StrokePoint[][] ParseForm(string form) => Array.ConvertAll(form.Split('/'), ParseStroke);

    private static StrokePoint[] ParseStroke(string stroke) =>
        Array.ConvertAll(stroke.Split(' ', StringSplitOptions.RemoveEmptyEntries), ParsePoint);

    private static StrokePoint ParsePoint(string point)
    {
        string[] parts = point.TrimEnd('!').Split(',');
        return new StrokePoint(
            int.Parse(parts[0], CultureInfo.InvariantCulture),
            int.Parse(parts[1], CultureInfo.InvariantCulture),
            point.EndsWith('!'));
    }
}

/// <summary>
/// Writes one digit by hand, so to speak: a form of the digit with every point a little off, bent, slanted, fitted to
/// the page, and drawn with a pen whose pressure changes. Only + - * / and square roots are used: these are exactly
/// rounded everywhere, so a seed gives the same bytes on every machine.
/// </summary>
internal ref struct DigitPen(IntegerRandom random)
{
    public const int Side = 28;

    private const int StepsPerSpan = 6;
    private const double Centre = Side / 2.0;
    private const double Margin = 2.5;
    private const double Edge = 1.35;

    private readonly List<(double X, double Y, bool Lifted)> _path = [];
    private IntegerRandom _random = random;

    public void Draw(int digit, Span<byte> page)
    {
        StrokePoint[][][] forms = DigitForms.All[digit];
        Write(forms[_random.NextBelow(forms.Length)]);
        Deform();
        Fit();
        Ink(page);
    }

    private void Write(StrokePoint[][] form)
    {
        double unsteadiness = _random.Uniform(1.5, 4.4);
        foreach (StrokePoint[] stroke in form)
        {
            var points = new StrokePoint[stroke.Length];
            for (int i = 0; i < points.Length; i++)
            {
                points[i] = stroke[i] with
                {
                    X = stroke[i].X + (unsteadiness * _random.Bell()),
                    Y = stroke[i].Y + (unsteadiness * _random.Bell()),
                };
            }

            Flatten(points);
        }
    }

    /// <summary>Follows the cubic (Catmull-Rom) curve through the points in short straight steps.</summary>
    private readonly void Flatten(StrokePoint[] points)
    {
        _path.Add((points[0].X, points[0].Y, Lifted: true));
        for (int span = 0; span + 1 < points.Length; span++)
        {
            StrokePoint from = points[span];
            StrokePoint to = points[span + 1];
            // Beyond a corner or an end the curve has no neighbour and runs out straight.
            StrokePoint before = span == 0 || from.IsCorner ? from : points[span - 1];
            StrokePoint after = span + 2 == points.Length || to.IsCorner ? to : points[span + 2];
            for (int step = 1; step <= StepsPerSpan; step++)
            {
                double t = step / (double)StepsPerSpan;
                _path.Add((
                    Spline(before.X, from.X, to.X, after.X, t),
                    Spline(before.Y, from.Y, to.Y, after.Y, t),
                    Lifted: false));
            }
        }
    }

    private static double Spline(double before, double from, double to, double after, double t)
    {
        double linear = to - before;
        double quadratic = (2 * before) - (5 * from) + (4 * to) - after;
        double cubic = (3 * (from - to)) + after - before;
        return from + (0.5 * t * (linear + (t * (quadratic + (t * cubic)))));
    }

    /// <summary>Slants, turns, stretches and bends the whole digit, in coordinates from about -1 to 1.</summary>
    private void Deform()
    {
        double slant = 0.17 + (0.2 * _random.Bell());
        double turn = 0.07 * _random.Bell();
        double breadth = 0.7 * (1 + (0.18 * _random.Bell()));
        double bow = 0.08 * _random.Bell();
        double taper = 0.11 * _random.Bell();
        double sag = 0.06 * _random.Bell();
        double weight = 0.1 * _random.Bell();
        foreach (ref (double X, double Y, bool Lifted) point in CollectionsMarshal.AsSpan(_path))
        {
            double x = (point.X - 34) / 32;
            double y = (point.Y - 50) / 50;
            double bentX = (breadth * x * (1 + (taper * y))) + (bow * y * y) - (slant * y);
            double bentY = y + (turn * x) + (sag * x * x) + (weight * y * y);
            point = (bentX, bentY, point.Lifted);
        }
    }

    /// <summary>Scales the digit to about 20 pixels and puts its centre of mass near the middle of the page.</summary>
    private void Fit()
    {
        Span<(double X, double Y, bool Lifted)> path = CollectionsMarshal.AsSpan(_path);
        double left = path[0].X, right = left, top = path[0].Y, bottom = top;
        double massX = 0, massY = 0, mass = 0;
        for (int i = 1; i < path.Length; i++)
        {
            left = Math.Min(left, path[i].X);
            right = Math.Max(right, path[i].X);
            top = Math.Min(top, path[i].Y);
            bottom = Math.Max(bottom, path[i].Y);
            double length = path[i].Lifted ? 0 : Distance(path[i - 1], path[i]);
            massX += length * (path[i - 1].X + path[i].X) / 2;
            massY += length * (path[i - 1].Y + path[i].Y) / 2;
            mass += length;
        }

        double scale = _random.Uniform(16.6, 18.8) / Math.Max(right - left, bottom - top);
        double shiftX = Shift(massX / mass, left, right, scale);
        double shiftY = Shift(massY / mass, top, bottom, scale);
        foreach (ref (double X, double Y, bool Lifted) point in path)
        {
            point = ((point.X * scale) + shiftX, (point.Y * scale) + shiftY, point.Lifted);
        }
    }

    private double Shift(double centre, double low, double high, double scale)
    {
        double wanted = Centre + _random.Uniform(-0.9, 0.9) - (centre * scale);
        return Math.Min(Math.Max(wanted, Margin - (low * scale)), Side - Margin - (high * scale));
    }

    /// <summary>Blackens each pixel by how deep it lies within the stroke, with a smooth edge.</summary>
    private void Ink(Span<byte> page)
    {
        page.Clear();
        double radius = Math.Min(Math.Max(1.23 + (0.28 * _random.Bell()), 0.75), 2.1);
        double pressure = 0.12 * _random.Bell();
        double change = 0.12 * _random.Bell();
        Span<(double X, double Y, bool Lifted)> path = CollectionsMarshal.AsSpan(_path);
        for (int i = 1; i < path.Length; i++)
        {
            if (!path[i].Lifted)
            {
                double along = (2.0 * i / path.Length) - 1;
                double width = radius * (1 + (pressure * along) + (change * ((2 * along * along) - 1)));
                InkSegment(page, path[i - 1], path[i], width);
            }
        }
    }

    private static void InkSegment(
        Span<byte> page, (double X, double Y, bool Lifted) from, (double X, double Y, bool Lifted) to, double radius)
    {
        double reach = radius + (Edge / 2);
        int firstColumn = Math.Max((int)(Math.Min(from.X, to.X) - reach), 0);
        int lastColumn = Math.Min((int)(Math.Max(from.X, to.X) + reach), Side - 1);
        int firstRow = Math.Max((int)(Math.Min(from.Y, to.Y) - reach), 0);
        int lastRow = Math.Min((int)(Math.Max(from.Y, to.Y) + reach), Side - 1);
        double alongX = to.X - from.X;
        double alongY = to.Y - from.Y;
        double squaredLength = (alongX * alongX) + (alongY * alongY) + 1e-12;
        for (int row = firstRow; row <= lastRow; row++)
        {
            for (int column = firstColumn; column <= lastColumn; column++)
            {
                double x = column + 0.5 - from.X;
                double y = row + 0.5 - from.Y;
                double t = Math.Min(Math.Max(((x * alongX) + (y * alongY)) / squaredLength, 0), 1);
                double awayX = x - (t * alongX);
                double awayY = y - (t * alongY);
                double depth = radius - Math.Sqrt((awayX * awayX) + (awayY * awayY));
                double cover = Math.Min(Math.Max((depth / Edge) + 0.5, 0), 1);
                byte ink = (byte)((255 * cover * cover * (3 - (2 * cover))) + 0.5);
                ref byte pixel = ref page[(row * Side) + column];
                pixel = Math.Max(pixel, ink);
            }
        }
    }

    private static double Distance(
        (double X, double Y, bool Lifted) left, (double X, double Y, bool Lifted) right)
    {
        double x = left.X - right.X;
        double y = left.Y - right.Y;
        return Math.Sqrt((x * x) + (y * y));
    }
}

/// <summary>A point that a pen stroke passes.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct StrokePoint(double X, double Y, bool IsCorner);
