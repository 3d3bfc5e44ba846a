using System.Runtime.InteropServices;

namespace Sere.Data;

/// <summary>
/// Writes one digit by hand, so to speak: a form of the digit with every point a little off, bent, slanted, fitted to
/// the page, and drawn with a pen whose pressure changes. Only + - * / and square roots are used: these are exactly
/// rounded everywhere, so a seed gives the same bytes on every machine.
/// </summary>
internal ref struct DigitPen
{
    /// <summary>The rows and columns of a page.</summary>
    public const int Side = 28;

    private const int StepsPerSpan = 6;
    private const double Centre = Side / 2.0;
    private const double Margin = 2.5;
    private const double Edge = 1.35;

    private readonly List<(double X, double Y, bool Lifted)> _path = [];
    private IntegerRandom _random;

    /// <summary>A pen whose hand is led by the given random numbers.</summary>
    public DigitPen(IntegerRandom random)
    {
        _random = random;
    }

    /// <summary>Draws a digit on an empty page.</summary>
    /// <param name="digit">The digit, 0 to 9.</param>
    /// <param name="page">Side * Side bytes, row by row, that the ink is written to.</param>
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
