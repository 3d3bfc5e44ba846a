namespace Sere.Data;

/// <summary>Brings images to another size and turns colour into grey.</summary>
internal static class ImageFitting
{
    /// <summary>Images of the wanted size and colour; the same ones where nothing is to be changed.</summary>
    /// <param name="images">The images.</param>
    /// <param name="gray">Whether colours become grey values (the luma of Rec. 601).</param>
    /// <param name="resize">The shape whose height and width each image is stretched to, or null.</param>
    /// <param name="source">What the images are, for the error.</param>
    /// <exception cref="UsageException">The wanted height or width cannot be had.</exception>
    /// <exception cref="SereException">They are real values, which are not touched, or become too many.</exception>
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
    /// <param name="images">The images.</param>
    /// <param name="source">What the images are, for the error.</param>
    /// <exception cref="SereException">They become too many.</exception>
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

    /// <summary>Planes of a size, each three times.</summary>
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
