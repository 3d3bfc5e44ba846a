namespace Sere.Data;

/// <summary>Brings images to another size and turns colour into grey.</summary>
internal static class ImageFitting
{
    /// <summary>Images of the wanted size and colour; the same ones where nothing is to be changed.</summary>
    public static ImageSet Fit(ImageSet images, bool gray, ImageShape? resize, string source)
    {
        int height = resize?.Height ?? images.Shape.Height;
        int width = resize?.Width ?? images.Shape.Width;
        bool loseColour = gray && images.Shape.Channels == 3;
        if (!loseColour && (height, width) == (images.Shape.Height, images.Shape.Width))
        {
            return images;
        }

        if (images.IsReal)
        {
            throw new SereException(
                $"'{source}' holds real values, which are neither resized nor made grey; bring them to the shape that is "
                + "wanted, or store them as bytes.");
        }

        ImageLimits.RequirePossible(resize);
        var shape = new ImageShape(loseColour ? 1 : images.Shape.Channels, height, width);
        ImageLimits.RequireTotal((long)images.Count * shape.Dimensions, source);
        byte[] pixels = new byte[images.Count * shape.Dimensions];
        for (int i = 0; i < images.Count; i++)
        {
            byte[] planes = images.Slice(i, 1).Pixels;
            planes = loseColour ? ToGrey(planes) : planes;
            PlaneResizer.Resize(planes, images.Shape with { Channels = shape.Channels }, height, width)
                .CopyTo(pixels, i * shape.Dimensions);
        }

        return new ImageSet(shape, pixels, images.Labels, images.Names);
    }

    /// <summary>Grey images as images of three equal planes; those of three channels are left as they are.</summary>
    public static ImageSet ToColour(ImageSet images, string source)
    {
        if (images.Shape.Channels == 3)
        {
            return images;
        }

        var shape = images.Shape with { Channels = 3 };
        ImageLimits.RequireTotal((long)images.Count * shape.Dimensions, source);
        int plane = images.Shape.Dimensions;
        return images.IsReal
            ? new ImageSet(shape, RepeatPlanes(images.Values, plane), images.Labels, images.Names)
            : new ImageSet(shape, RepeatPlanes(images.Pixels, plane), images.Labels, images.Names);
    }

    /// <summary>How many images of bytes have three equal planes.</summary>
    public static int CountEqualPlanes(ImageSet images)
    {
        int plane = images.Shape.Height * images.Shape.Width;
        return Enumerable.Range(0, images.Count).Count(image =>
        {
            ReadOnlySpan<byte> planes = images.Pixels.AsSpan(3 * plane * image, 3 * plane);
            return planes[..plane].SequenceEqual(planes[plane..(2 * plane)]) && planes[plane..(2 * plane)].SequenceEqual(planes[(2 * plane)..]);
        });
    }

    public static T[] RepeatPlanes<T>(T[] planes, int size)
    {
        var repeated = new T[3 * planes.Length];
        for (int plane = 0; plane < repeated.Length / size; plane++)
        {
            planes.AsSpan(plane / 3 * size, size).CopyTo(repeated.AsSpan(plane * size));
        }

        return repeated;
    }

    private static byte[] ToGrey(byte[] planes)
    {
        byte[] grey = new byte[planes.Length / 3];
        for (int i = 0; i < grey.Length; i++)
        {
            grey[i] = PictureFile.Luma(planes[i], planes[grey.Length + i], planes[(2 * grey.Length) + i]);
        }

        return grey;
    }
}

/// <summary>
/// Brings images to another size by linear interpolation, widened to the area of a new pixel where an image shrinks, so
/// that every old pixel counts. Only + - * / are used: the bytes are the same on every machine.
/// </summary>
internal static class PlaneResizer
{
    public static byte[] Resize(byte[] planes, ImageShape shape, int height, int width)
    {
        (int First, double[] Weights)[] columns = Weigh(shape.Width, width);
        (int First, double[] Weights)[] rows = Weigh(shape.Height, height);
        byte[] resized = new byte[checked(shape.Channels * height * width)];
        double[] blended = new double[shape.Width];
        for (int row = 0; row < shape.Channels * height; row++)
        {
            (int channel, int targetRow) = Math.DivRem(row, height);
            (int firstRow, double[] rowWeights) = rows[targetRow];
            Array.Clear(blended);
            for (int i = 0; i < rowWeights.Length; i++)
            {
                int start = ((channel * shape.Height) + firstRow + i) * shape.Width;
                Blend(planes.AsSpan(start, shape.Width), rowWeights[i], blended);
            }

            for (int column = 0; column < width; column++)
            {
                (int firstColumn, double[] columnWeights) = columns[column];
                double sum = 0.5;
                for (int i = 0; i < columnWeights.Length; i++)
                {
                    sum += columnWeights[i] * blended[firstColumn + i];
                }

                resized[(row * width) + column] = (byte)Math.Min(sum, 255);
            }
        }

        return resized;
    }

    private static void Blend(ReadOnlySpan<byte> pixels, double weight, Span<double> sums)
    {
        for (int i = 0; i < pixels.Length; i++)
        {
            sums[i] += weight * pixels[i];
        }
    }

    /// <summary>For each new place the first old place that counts and the weights from there on, which sum to 1.</summary>
    private static (int First, double[] Weights)[] Weigh(int oldSize, int newSize)
    {
        double scale = oldSize / (double)newSize;
        double reach = Math.Max(scale, 1);
        var all = new (int First, double[] Weights)[newSize];
        for (int i = 0; i < newSize; i++)
        {
            double centre = (i + 0.5) * scale;
            int first = Math.Max((int)(centre - reach), 0);
            int last = Math.Min((int)(centre + reach), oldSize - 1);
            double[] weights = new double[last - first + 1];
            double sum = 0;
            for (int j = 0; j < weights.Length; j++)
            {
                weights[j] = Math.Max(reach - Math.Abs(first + j + 0.5 - centre), 0);
                sum += weights[j];
            }

            all[i] = (first, Array.ConvertAll(weights, weight => weight / sum));
        }

        return all;
    }
}

/// <summary>What images can be held in memory.</summary>
internal static class ImageLimits
{
    public static void RequirePossible(ImageShape? resize)
    {
        if (resize is { } target
            && (target.Height < 1 || target.Width < 1 || (long)target.Height * target.Width > PictureFile.MostPixels))
        {
            throw new UsageException(
                $"Images cannot be resized to a height of {target.Height} and a width of {target.Width}; ask for at "
                + $"least 1 and for at most {PictureFile.MostPixels} pixels.");
        }
    }

    public static void RequireTotal(long values, string source)
    {
        if (values > Array.MaxLength)
        {
            throw new SereException(
                $"The images of '{source}' have more than {Array.MaxLength} values; use fewer or smaller images.");
        }
    }
}
