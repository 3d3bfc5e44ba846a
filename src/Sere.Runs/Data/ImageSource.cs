namespace Sere.Data;

/// <summary>
/// Reads images to be scored or encoded, whatever they come in: a folder of PNG, JPEG, WebP or BMP files, or of subfolders of
/// them, one such file, a .npy or .npz file, or an IDX file (gzipped or not). A file is told by its first bytes. To a model of colour images a grey image is one of three equal planes.
/// </summary>
public static class ImageSource
{
    /// <summary>Reads images and brings them to the shape that a model takes.</summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="shape">The shape that the model takes.</param>
    /// <param name="resize">Whether images of another size are resized.</param>
    /// <param name="gray">Whether colours become grey values.</param>
    /// <param name="scale">
    /// What the values of the model's data mean, and so these; null for bytes, and to decide it by the values of an array.
    /// </param>
    /// <param name="warn">
    /// Told what was passed over, how many images are grey where the model takes colour, and whether all look black by the
    /// scale alone; null for nobody.
    /// </param>
    /// <exception cref="SereException">
    /// There is nothing there, it is damaged, the images have another shape than wanted, or a value does not fit the scale.
    /// </exception>
    public static ImageSet Read(
        string path,
        ImageShape shape,
        bool resize = false,
        bool gray = false,
        ValueScale? scale = null,
        Action<string>? warn = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var images = Read(path, resize ? shape : null, gray, scale, warn, shape);
        if (shape.Channels == 3 && images.Shape == shape with { Channels = images.Shape.Channels })
        {
            // Arrays say themselves how many channels they have; pictures show it.
            int grey = images.Shape.Channels == 1 ? images.Count
                : images.Names is null ? 0
                : ImageFitting.CountEqualPlanes(images);
            images = ImageFitting.ToColour(images, path);
            if (grey > 0)
            {
                warn?.Invoke(
                    $"{grey} of the {images.Count} images of '{path}' are grey, and the model takes colour: each is given as "
                    + "three equal planes.");
            }
        }

        return images.Shape == shape ? images : throw Misfit(path, images, shape);
    }

    /// <summary>Reads one picture in memory, as it would be in a file, and brings it to the shape that a model takes.</summary>
    /// <param name="encoded">PNG, JPEG, WebP or BMP.</param>
    /// <param name="shape">The shape that the model takes.</param>
    /// <param name="resize">Whether an image of another size is resized.</param>
    /// <param name="gray">Whether colours become grey values.</param>
    /// <param name="scale">What the values of the model's data mean; null for bytes.</param>
    /// <exception cref="SereException">
    /// It is damaged, has another shape than wanted, or a value does not fit the scale.
    /// </exception>
    internal static ImageSet Decode(
        byte[] encoded, ImageShape shape, bool resize = false, bool gray = false, ValueScale? scale = null)
    {
        ArgumentNullException.ThrowIfNull(encoded);
        try
        {
            return Fit(Decode([.. encoded], gray, scale ?? ValueScale.Bytes), shape, resize, gray);
        }
        catch (PictureException error)
        {
            // It lies in no folder that it could be removed from.
            throw new SereException($"The image {error.Fault}; give another.", error);
        }
    }

    private static ImageSet Decode(byte[] encoded, bool gray, ValueScale scale)
    {
        using var picture = PictureFile.Of(PictureName, encoded);
        byte[] colours = [];
        bool isGrey = picture.Decode(ref colours) || gray;
        var found = new ImageShape(isGrey ? 1 : 3, picture.Height, picture.Width);
        byte[] planes = new byte[found.Dimensions];
        picture.WritePlanes(colours, planes);
        ValueScales.Stretch(planes, scale, PictureName);
        return new ImageSet(found, planes);
    }

    /// <summary>Brings one image in memory to the shape that a model takes.</summary>
    /// <param name="image">The image, of bytes.</param>
    /// <param name="shape">The shape that the model takes.</param>
    /// <param name="resize">Whether an image of another size is resized.</param>
    /// <param name="gray">Whether colours become grey values.</param>
    /// <exception cref="SereException">It has another shape.</exception>
    internal static ImageSet Fit(ImageSet image, ImageShape shape, bool resize, bool gray)
    {
        image = ImageFitting.Fit(image, gray, resize ? shape : null, PictureName);
        image = shape.Channels == 3 ? ImageFitting.ToColour(image, PictureName) : image;

        // Whoever calls has no command line: the words are those of the parameters, and of what pages and services ask.
        return image.Shape == shape ? image : throw new SereException(
            $"The image has the shape {image.Shape} (channels, height, width) and the model takes {shape}; have "
            + (image.Shape.Channels > shape.Channels ? "its colour turned into grey (gray)." : "it stretched to that size (resize)."));
    }

    private const string PictureName = "the image";

    /// <summary>Reads images that features are taken of: a folder's may be of several sizes, and grey ones among coloured.</summary>
    /// <exception cref="SereException">There is nothing there, it is damaged, or a value does not fit the scale.</exception>
    internal static ImageSet ReadAnySize(string path, bool gray, ValueScale? scale, Action<string>? warn) =>
        Read(path, ImageFeatureExtraction.Shape, gray, scale, warn, ImageFeatureExtraction.Shape);

    private static ImageSet Read(
        string path, ImageShape? size, bool gray, ValueScale? scale, Action<string>? warn, ImageShape taken)
    {
        var known = scale ?? ValueScale.Bytes;
        var images = Directory.Exists(path)
                ? ImageSet.Join([.. ImageFolderReader.WithSubfolders(path).Select(folder => ReadFolder(folder.Path, folder.Name))])
            : !File.Exists(path) ? throw new SereException($"There is no folder or file '{path}'; check the path.")
            : FileKinds.OfImages(path) switch
            {
                FileKind.Picture or FileKind.Tiff => ImageFolderReader.ReadFile(path, gray, size, known),
                FileKind.Npy or FileKind.Zip => ImageFitting.Fit(
                    RequireNoVectors(ArrayFileReader.Read(path, scale), path, taken), gray, size, path),
                FileKind.Gzip or FileKind.Other => ImageFitting.Fit(ReadIdx(path, known), gray, size, path),
            };
        ValueScales.WarnOfBlack(images, scale, path, warn);
        return images;

        ImageSet ReadFolder(string folder, string? name)
        {
            var (read, _) = ImageFolderReader.ReadFolder(folder, gray, size, mixed: taken.Channels == 3, known, warn);
            if (name is null)
            {
                return read;
            }

            // Subfolders are read one by one: a grey one and a coloured one become one set.
            read = taken.Channels == 3 ? ImageFitting.ToColour(read, folder) : read;
            return read.Shape == taken
                ? read.WithNames([.. read.Names!.Select(file => $"{name}/{file}")])
                : throw Misfit(folder, read, taken);
        }
    }

    private static ImageSet ReadIdx(string path, ValueScale scale)
    {
        var images = IdxReader.ReadImages(path);
        ValueScales.Stretch(images.Pixels, scale, path);
        return images;
    }

    /// <summary>Refuses vectors where images are wanted: to stretch each into an image is never meant.</summary>
    private static ImageSet RequireNoVectors(ImageSet images, string path, ImageShape taken)
    {
        if (images.Shape is not { Channels: 1, Height: 1 } || taken.Height == 1)
        {
            return images;
        }

        string advice = images.Count == taken.Height && images.Shape.Width == taken.Width
            ? $"save one image as [1, {taken.Height}, {taken.Width}]"
            : "save images as [N, height, width]";
        throw new SereException(
            $"'{path}' holds {images.Count} vectors of {images.Shape.Width} values, as an array [N, D] does, and the model "
            + $"takes images of shape {taken} (channels, height, width); {advice}.");
    }

    private static SereException Misfit(string path, ImageSet images, ImageShape taken)
    {
        var given = images.Shape;
        string advice = images.IsReal ? "bring the array to that shape, since real values are neither resized nor made grey"
            : given.Channels > taken.Channels ? "give --gray to turn colour into grey"
            : "give --resize to bring them to that size";
        return new SereException(
            $"The images of '{path}' have the shape {given} (channels, height, width) and the model takes {taken}; {advice}.");
    }
}
