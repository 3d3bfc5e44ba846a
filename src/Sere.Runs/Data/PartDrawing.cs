using System.Runtime.InteropServices;

namespace Sere.Data;

/// <summary>
/// Draws one part: a flange of three lobes with a brass bush, three holes and a printed mark, a little shifted and turned,
/// on a ribbed belt, in light that comes from the upper left and falls off to some side. Surfaces are given by their
/// distance from an outline, and edges are smooth over about a pixel. Only + - * / and square roots are used: these are exactly
/// rounded everywhere, so a seed gives the same bytes on every machine.
/// </summary>
internal sealed class PartDrawing
{
    public const int Side = 64;

    private const double Centre = Side / 2.0;
    private const double HubRadius = 16;
    private const double LobeRadius = 8;
    private const double LobeDistance = 17.5;
    private const double BushRadius = 8.8;
    private const double BoreRadius = 6;
    private const double HoleRadius = 2.8;
    private const double Chamfer = 2.5;
    private const double SensorNoise = 2.2;

    // Where the light comes from, of length 1.
    private const double LightX = -0.6;
    private const double LightY = -0.8;

    private static readonly (double X, double Y)[] Lobes =
    [
        (0, -LobeDistance),
        (LobeDistance * 0.8660254037844386, LobeDistance / 2),
        (-LobeDistance * 0.8660254037844386, LobeDistance / 2),
    ];

    private static readonly Stroke[] Mark =
    [
        new(-4.5, 10.2, -4.5, 13.4, 0.65),
        new(-1.8, 10.2, -1.8, 13.4, 0.65),
        new(0.8, 10.2, 3, 13.4, 0.65),
        new(5, 13, 5, 13, 0.9),
    ];

    private static readonly Colour Belt = new(0.19, 0.18, 0.17);
    private static readonly Colour Casting = new(0.36, 0.50, 0.56);
    private static readonly Colour Brass = new(0.82, 0.64, 0.30);
    private static readonly Colour Depth = new(0.07, 0.07, 0.08);
    private static readonly Colour Ink = new(0.93, 0.91, 0.84);
    private static readonly Colour BareMetal = new(0.90, 0.92, 0.93);
    private static readonly Colour Oil = new(0.22, 0.15, 0.07);

    private readonly double _shiftX;
    private readonly double _shiftY;
    private readonly double _cosine;
    private readonly double _sine;
    private readonly double _brightness;
    private readonly double _slopeX;
    private readonly double _slopeY;
    private readonly double _ribs;
    private readonly Mottle _grain;
    private readonly Mottle _cloud;
    private readonly PartDefect? _defect;
    private readonly int _missing;
    private readonly double _defectX;
    private readonly double _defectY;
    private readonly double _size;
    private readonly Stroke[] _scratch = [];
    private IntegerRandom _random;

    /// <summary>Decides where everything lies.</summary>
    /// <param name="random">What is drawn is a function of it.</param>
    /// <param name="defect">What is wrong with the part; null for a good one.</param>
    public PartDrawing(IntegerRandom random, PartDefect? defect)
    {
        _random = random;
        _shiftX = Centre + _random.Uniform(-1.5, 1.5);
        _shiftY = Centre + _random.Uniform(-1.5, 1.5);
        double turn = 0.035 * _random.Bell();
        _cosine = 1 / Length(1, turn);
        _sine = turn / Length(1, turn);
        _brightness = 1 + (0.035 * _random.Bell());
        _slopeX = _random.Uniform(-0.08, 0.08);
        _slopeY = _random.Uniform(-0.08, 0.08);
        _ribs = _random.Uniform(0, 1);
        _grain = new Mottle(ref _random, cell: 1.4);
        _cloud = new Mottle(ref _random, cell: 9);
        _defect = defect;
        switch (defect)
        {
            case PartDefect.Scratch:
                (_defectX, _defectY) = PlaceOnSurface();
                _scratch = NewScratch(_random.Uniform(6, 12));
                break;
            case PartDefect.Dent:
                (_defectX, _defectY) = PlaceOnSurface();
                _size = _random.Uniform(2.2, 3.6);
                break;
            case PartDefect.Stain:
                (_defectX, _defectY) = PlaceOnSurface();
                _size = _random.Uniform(2.4, 4.2);
                break;
            case PartDefect.Chip:
                (_defectX, _defectY) = PlaceOnEdge();
                _size = _random.Uniform(2.2, 3.4);
                break;
            case PartDefect.MissingHole:
                _missing = _random.NextBelow(Lobes.Length);
                break;
            case PartDefect.MissingPrint:
                // A whole stroke of the mark, or all of it.
                _missing = _random.NextBelow(2 * (Mark.Length - 1));
                break;
            case null:
                break;
        }
    }

    /// <summary>Writes the planes of the picture, each row by row: one of grey values, or red, green and blue.</summary>
    public void Write(Span<byte> planes)
    {
        const int Size = Side * Side;
        for (int i = 0; i < Size; i++)
        {
            Colour colour = At((i % Side) + 0.5, (i / Side) + 0.5);
            if (planes.Length == Size)
            {
                planes[i] = Level(colour.Luma);
            }
            else
            {
                planes[i] = Level(colour.Red);
                planes[Size + i] = Level(colour.Green);
                planes[(2 * Size) + i] = Level(colour.Blue);
            }
        }
    }

    private byte Level(double intensity) =>
        (byte)(Math.Min(Math.Max((255 * intensity) + (SensorNoise * _random.Bell()), 0), 255) + 0.5);

    private Colour At(double x, double y)
    {
        double u = (_cosine * (x - _shiftX)) + (_sine * (y - _shiftY));
        double v = (_cosine * (y - _shiftY)) - (_sine * (x - _shiftX));
        double grain = _grain.At(x, y);
        double cloud = _cloud.At(x, y);
        double shadow = Ramp(Outline(u - 1.5, v - 2.2), 4);
        Colour ground = Belt.Times((1 + (0.45 * Wave((y / 4) + _ribs)) + (0.09 * grain)) * (1 - (0.5 * shadow)));
        double outline = Outline(u, v);
        Colour colour = ground.Towards(Surface(u, v, outline, grain, cloud), Cover(outline));
        return colour.Times(
            _brightness * (1 + (_slopeX * (x - Centre) / Centre) + (_slopeY * (y - Centre) / Centre)));
    }

    /// <summary>The colour of the part at a place on it.</summary>
    private Colour Surface(double u, double v, double outline, double grain, double cloud)
    {
        double radius = Length(u, v);
        double facing = ((u * LightX) + (v * LightY)) / (radius + 1e-9);
        double edge = Math.Max(1 + (outline / Chamfer), 0) * Slope(u, v, outline);
        double turned = radius < HubRadius ? 0.04 * Wave(radius / 2.7) : 0;
        Colour colour = Casting.Times(1 + (0.04 * grain) + (0.025 * cloud) + turned + (0.32 * edge));
        colour = colour.Towards(Brass.Times(1 + (0.22 * facing) + (0.025 * grain)), Cover(radius - BushRadius));
        colour = colour.Towards(Depth, Cover(radius - BoreRadius));
        for (int lobe = 0; lobe < Lobes.Length; lobe++)
        {
            if (_defect != PartDefect.MissingHole || lobe != _missing)
            {
                colour = Drilled(colour, u - Lobes[lobe].X, v - Lobes[lobe].Y);
            }
        }

        double ink = 0;
        for (int stroke = 0; stroke < Mark.Length; stroke++)
        {
            bool isThere = _defect != PartDefect.MissingPrint || (_missing < Mark.Length - 1 && stroke != _missing);
            ink = isThere ? Math.Max(ink, Cover(Mark[stroke].Distance(u, v))) : ink;
        }

        return Flawed(colour.Towards(Ink, 0.85 * ink), u, v, grain, cloud);
    }

    /// <summary>A hole with a countersink, around its own centre.</summary>
    private static Colour Drilled(Colour colour, double u, double v)
    {
        double radius = Length(u, v);
        // The far side of a countersink is the one that faces the light.
        double facing = -((u * LightX) + (v * LightY)) / (radius + 1e-9);
        colour = colour.Times(1 + (0.35 * facing * Cover(radius - HoleRadius - 1.1)));
        return colour.Towards(Depth, Cover(radius - HoleRadius));
    }

    /// <summary>What lies on the surface, or is pressed into it.</summary>
    private Colour Flawed(Colour colour, double u, double v, double grain, double cloud)
    {
        double x = u - _defectX;
        double y = v - _defectY;
        double near = Length(x, y);
        return _defect switch
        {
            PartDefect.Scratch => colour.Towards(BareMetal, 0.7 * _scratch.Max(stroke => Cover(stroke.Distance(u, v)))),
            PartDefect.Dent => colour.Times(Bowl(x / _size, y / _size)),
            PartDefect.Stain => colour.Towards(Oil, 0.45 * Ramp(near - _size + (0.8 * cloud) + (0.3 * grain), 1.6)),
            null or PartDefect.Chip or PartDefect.MissingHole or PartDefect.MissingPrint => colour,
        };
    }

    /// <summary>How bright a round bowl is at a place of it, beside the flat around it: the side that faces the light is.</summary>
    private static double Bowl(double x, double y)
    {
        double depth = Math.Max(1 - ((x * x) + (y * y)), 0);
        return 1 - (0.12 * depth) - (1.1 * depth * ((x * LightX) + (y * LightY)));
    }

    /// <summary>The distance from the part's outline, negative inside.</summary>
    private double Outline(double u, double v)
    {
        double whole = Whole(u, v);
        return _defect == PartDefect.Chip
            ? Math.Max(whole, _size + (0.5 * _grain.At(u + Centre, v + Centre)) - Length(u - _defectX, v - _defectY))
            : whole;
    }

    private static double Whole(double u, double v)
    {
        double distance = Length(u, v) - HubRadius;
        foreach (var (x, y) in Lobes)
        {
            distance = Blend(distance, Length(u - x, v - y) - LobeRadius);
        }

        return distance;
    }

    /// <summary>The smaller of two distances, rounded where they are about equal: a fillet.</summary>
    private static double Blend(double left, double right)
    {
        const double Fillet = 6;
        double overlap = Math.Max(Fillet - Math.Abs(left - right), 0);
        return Math.Min(left, right) - (overlap * overlap / (4 * Fillet));
    }

    /// <summary>How much the outline's edge, which slants outwards, faces the light: from -1 to 1.</summary>
    private double Slope(double u, double v, double outline)
    {
        const double Step = 0.25;
        double alongX = Outline(u + Step, v) - outline;
        double alongY = Outline(u, v + Step) - outline;
        return ((alongX * LightX) + (alongY * LightY)) / (Length(alongX, alongY) + 1e-9);
    }

    /// <summary>A place on the bare casting, away from its edges.</summary>
    private (double U, double V) PlaceOnSurface()
    {
        while (true)
        {
            double u = _random.Uniform(-Centre, Centre);
            double v = _random.Uniform(-Centre, Centre);
            if (Whole(u, v) < -2.5 && Length(u, v) > BushRadius + 1
                && Array.TrueForAll(Lobes, lobe => Length(u - lobe.X, v - lobe.Y) > HoleRadius + 1.6))
            {
                return (u, v);
            }
        }
    }

    /// <summary>The place where the outline meets a straight line out of the centre.</summary>
    private (double U, double V) PlaceOnEdge()
    {
        double x;
        double y;
        double length;
        do
        {
            x = _random.Uniform(-1, 1);
            y = _random.Uniform(-1, 1);
            length = Length(x, y);
        }
        while (length is < 0.1 or > 1);
        double along = 0;
        while (Whole(along * x / length, along * y / length) < 0)
        {
            along += 0.25;
        }

        return (along * x / length, along * y / length);
    }

    /// <summary>Two straight halves with a slight bend between them.</summary>
    private Stroke[] NewScratch(double length)
    {
        double x = _random.Uniform(-1, 1);
        double y = _random.Uniform(-1, 1);
        double half = length / (2 * (Length(x, y) + 1e-9));
        double bend = _random.Uniform(-0.2, 0.2);
        double turnedX = x - (bend * y);
        double turnedY = y + (bend * x);
        return
        [
            new(_defectX - (half * x), _defectY - (half * y), _defectX, _defectY, 0.45),
            new(_defectX, _defectY, _defectX + (half * turnedX), _defectY + (half * turnedY), 0.45),
        ];
    }

    private static double Cover(double distance) => Ramp(distance, 1.3);

    /// <summary>1 well inside, 0 well outside, and between them a straight line so many pixels wide.</summary>
    private static double Ramp(double distance, double width) => Math.Min(Math.Max(0.5 - (distance / width), 0), 1);

    /// <summary>Up and down between -1 and 1 once from one whole number to the next, along parabolas.</summary>
    private static double Wave(double turns)
    {
        double half = 2 * (turns - Math.Floor(turns));
        double within = (2 * (half - Math.Floor(half))) - 1;
        return (half < 1 ? 1 : -1) * (1 - (within * within));
    }

    private static double Length(double x, double y) => Math.Sqrt((x * x) + (y * y));

    /// <summary>A colour of linear parts, about from 0 to 1.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Colour(double Red, double Green, double Blue)
    {
        public double Luma => (0.299 * Red) + (0.587 * Green) + (0.114 * Blue);

        public Colour Times(double factor) => new(Red * factor, Green * factor, Blue * factor);

        public Colour Towards(Colour other, double share) => new(
            Red + (share * (other.Red - Red)),
            Green + (share * (other.Green - Green)),
            Blue + (share * (other.Blue - Blue)));
    }

    /// <summary>A straight line with round ends.</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Stroke(double FromX, double FromY, double ToX, double ToY, double Radius)
    {
        public double Distance(double x, double y)
        {
            double alongX = ToX - FromX;
            double alongY = ToY - FromY;
            double squared = (alongX * alongX) + (alongY * alongY) + 1e-12;
            double t = Math.Min(Math.Max((((x - FromX) * alongX) + ((y - FromY) * alongY)) / squared, 0), 1);
            return Length(x - FromX - (t * alongX), y - FromY - (t * alongY)) - Radius;
        }
    }

    /// <summary>Random values of about unit variance at the points of a lattice, and straight lines between them.</summary>
    private sealed class Mottle
    {
        private readonly double _cell;
        private readonly int _side;
        private readonly double[] _values;

        public Mottle(ref IntegerRandom random, double cell)
        {
            _cell = cell;
            _side = (int)(Side / cell) + 2;
            _values = new double[_side * _side];
            for (int i = 0; i < _values.Length; i++)
            {
                _values[i] = random.Bell();
            }
        }

        /// <summary>The value at a place of the picture; beyond it, that of the nearest place.</summary>
        public double At(double x, double y)
        {
            x = Math.Min(Math.Max(x, 0), Side) / _cell;
            y = Math.Min(Math.Max(y, 0), Side) / _cell;
            int column = (int)x;
            int row = (int)y;
            int first = (row * _side) + column;
            double upper = _values[first] + ((x - column) * (_values[first + 1] - _values[first]));
            int second = first + _side;
            double lower = _values[second] + ((x - column) * (_values[second + 1] - _values[second]));
            return upper + ((y - row) * (lower - upper));
        }
    }
}
