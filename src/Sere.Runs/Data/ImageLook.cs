namespace Sere.Data;

/// <summary>What images show at a look: their sizes, and what their values are like.</summary>
/// <param name="Sizes">Height and width of each image that can be read, or of all where one is given.</param>
/// <param name="Kind">What their values are like.</param>
internal sealed record ImageLook(IReadOnlyList<(int Height, int Width)> Sizes, ImageKind Kind)
{
    private const int MostDecoded = 100;

    // Pens and masks leave few grey values, at the borders of strokes; photographs are nearly all between the ends.
    private const int End = 32;
    private const double LargestMiddle = 0.25;
    private const double SmallestEnd = 0.01;

    /// <summary>The longest side that a preset is chosen for.</summary>
    private const int LongestSide = 128;

    /// <summary>The same for black and white, whose networks see all pixels at once.</summary>
    private const int LongestBinarySide = 64;

    private const int ShortestSide = 8;

    /// <summary>Looks at images in memory.</summary>
    public static ImageLook At(ImageSet images)
    {
        int step = Math.Max(1, images.Count / MostDecoded);
        var values = new ValueCounts();
        for (int image = 0; image < images.Count; image += step)
        {
            values.Add(Levels(images.Slice(image, 1)));
        }

        return new ImageLook(
            [(images.Shape.Height, images.Shape.Width)],
            images.Shape.Channels == 3 ? ImageKind.Colour : values.Kind);
    }

    /// <summary>Looks at the pictures of a folder: at the size of each, and at the pixels of up to a hundred.</summary>
    /// <exception cref="SereException">The folder is missing, or has no pictures.</exception>
    public static ImageLook At(string folder, bool gray)
    {
        string[] paths = ImageFolderReader.FindImages(folder, warn: null);
        var sizes = new List<(int Height, int Width)>(paths.Length);
        var values = new ValueCounts();
        int step = Math.Max(1, paths.Length / MostDecoded);
        int decoded = 0;
        int coloured = 0;
        byte largest = 0;
        byte[] colours = [];
        for (int i = 0; i < paths.Length; i++)
        {
            try
            {
                using var file = PictureFile.Open(paths[i]);
                sizes.Add((file.Height, file.Width));
                if (i % step != 0)
                {
                    continue;
                }

                bool isGrey = file.Decode(ref colours) || gray;
                byte[] plane = new byte[file.Height * file.Width];
                file.WritePlanes(colours, plane);
                values.Add(plane);
                largest = Math.Max(largest, plane.Max());
                decoded++;
                coloured += isGrey ? 0 : 1;
            }
            catch (PictureException)
            {
                // It is named together with the others when they are read.
            }
        }

        // Pictures whose values are all 0 or 1 are black and white (ValueScale.Binary).
        return new ImageLook(
            sizes,
            2 * coloured > decoded ? ImageKind.Colour : largest == 1 ? ImageKind.BlackAndWhite : values.Kind);
    }

    /// <summary>
    /// The size that all images are brought to: the common one where it suits, else that of the middle image, with its longest
    /// side reduced to what a preset is made for; of levels, even, for the checkerboard. Null where nothing is to be changed.
    /// </summary>
    public ImageSize? Fit()
    {
        if (Sizes.Count == 0)
        {
            return null;
        }

        int longest = Kind == ImageKind.BlackAndWhite ? LongestBinarySide : LongestSide;
        int unit = Kind == ImageKind.BlackAndWhite ? 1 : 2;
        var (height, width) = Sizes.OrderBy(size => (long)size.Height * size.Width).ElementAt(Sizes.Count / 2);
        double scale = Math.Min(1, (double)longest / Math.Max(height, width));
        var fit = new ImageSize(Side(height), Side(width));
        return Sizes.All(size => size == (fit.Height, fit.Width)) ? null : fit;

        int Side(int length) => Math.Max(ShortestSide, (int)Math.Round(length * scale) / unit * unit);
    }

    private static byte[] Levels(ImageSet images) => images.IsReal
        ? Array.ConvertAll(images.Values, value => (byte)Math.Round(255 * Math.Clamp(value, 0, 1)))
        : images.Pixels;

    private sealed class ValueCounts
    {
        private long _low;
        private long _high;
        private long _all;

        public ImageKind Kind =>
            _all - _low - _high <= LargestMiddle * _all && _low >= SmallestEnd * _all && _high >= SmallestEnd * _all
                ? ImageKind.BlackAndWhite
                : ImageKind.Grey;

        public void Add(ReadOnlySpan<byte> levels)
        {
            foreach (byte level in levels)
            {
                _low += level < End ? 1 : 0;
                _high += level >= 256 - End ? 1 : 0;
            }

            _all += levels.Length;
        }
    }
}

/// <summary>What the values of images are like.</summary>
internal enum ImageKind
{
    /// <summary>Nearly all at the two ends, and both in use.</summary>
    BlackAndWhite,

    /// <summary>Levels of one channel.</summary>
    Grey,

    /// <summary>Levels of three channels.</summary>
    Colour,
}
