namespace Sere.Data;

/// <summary>
/// Reads the PNG, JPEG and WebP files of a folder (told by ".png", ".jpg", ".jpeg", ".webp"; other files and subfolders
/// are passed over) in the ordinal order of their names. Transparency is composed on black; the rows are taken as they
/// are stored, without the rotation that a camera may have noted.
/// </summary>
public static class ImageFolderReader
{
    private const int MostNamed = 10;

    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp"];

    /// <summary>Reads all images of a folder, which have to be of one size unless they are resized.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="gray">Whether colours become grey values (the luma of Rec. 601).</param>
    /// <param name="resize">
    /// The shape whose height and width each image is stretched to, or null; its channels have no say.
    /// </param>
    /// <returns>
    /// The images with their file names: 1 channel where they are grey or made so, else 3 (red, green, blue). An image
    /// that is stored in colour and shows none is grey, unless most images of the folder show colour.
    /// </returns>
    /// <exception cref="UsageException">The wanted height or width cannot be had.</exception>
    /// <exception cref="SereException">
    /// The folder is missing or has no images or both grey and coloured ones, or an image is unreadable, too large, or of
    /// another size.
    /// </exception>
    public static ImageSet Read(string folder, bool gray = false, ImageShape? resize = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return ReadFolder(folder, gray, resize, mixed: false);
    }

    /// <summary>As <see cref="Read"/>; where <paramref name="mixed"/> is set, grey images may be among coloured ones.</summary>
    internal static ImageSet ReadFolder(string folder, bool gray, ImageShape? resize, bool mixed)
    {
        ImageLimits.RequirePossible(resize);
        return ReadAll(FindImages(folder), folder, gray, resize, mixed);
    }

    /// <summary>Reads one image.</summary>
    /// <param name="path">A PNG, JPEG or WebP file.</param>
    /// <param name="gray">Whether colours become grey values (the luma of Rec. 601).</param>
    /// <param name="resize">The shape whose height and width the image is stretched to, or null.</param>
    /// <returns>A set of one image with its file name.</returns>
    /// <exception cref="UsageException">The wanted height or width cannot be had.</exception>
    /// <exception cref="SereException">The image is missing, unreadable or too large.</exception>
    public static ImageSet ReadFile(string path, bool gray = false, ImageShape? resize = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ImageLimits.RequirePossible(resize);
        return ReadAll([path], path, gray, resize, mixed: false);
    }

    /// <summary>Whether a name ends as that of a file that can be read.</summary>
    internal static bool IsPicture(string path) =>
        Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    private static ImageSet ReadAll(string[] paths, string source, bool gray, ImageShape? resize, bool mixed)
    {
        var planes = new List<byte[]>();
        var kinds = new List<PictureColour>();
        var unreadable = new List<(string Path, PictureException Error)>();
        (int Height, int Width) size = (0, 0);
        int channels = 1;
        foreach (string path in paths)
        {
            try
            {
                using var file = PictureFile.Open(path);
                byte[] image = file.ReadPlanes(gray);
                if (unreadable.Count == 0)
                {
                    Add(path, file, image);
                }
            }
            catch (PictureException error)
            {
                unreadable.Add((path, error));
                planes.Clear();
            }
        }

        RequireReadable(unreadable, paths.Length, source);
        if (!mixed)
        {
            RequireOneColour(kinds, paths, source);
        }

        return Join(
            planes,
            new ImageShape(channels, resize?.Height ?? size.Height, resize?.Width ?? size.Width),
            Array.ConvertAll(paths, path => Path.GetFileName(path)));

        void Add(string path, PictureFile file, byte[] image)
        {
            if (planes.Count == 0)
            {
                size = (file.Height, file.Width);
            }
            else if (resize is null && size != (file.Height, file.Width))
            {
                throw new SereException(
                    $"'{path}' is {file.Width} pixels wide and {file.Height} high, but '{Path.GetFileName(paths[0])}' "
                    + $"beside it is {size.Width} wide and {size.Height} high; bring all images of the folder to one "
                    + "size, or give --resize.");
            }

            int imageChannels = image.Length / (file.Height * file.Width);
            if (resize is { } wanted)
            {
                image = PlaneResizer.Resize(
                    image, new ImageShape(imageChannels, file.Height, file.Width), wanted.Height, wanted.Width);
            }

            planes.Add(image);
            kinds.Add(imageChannels == 3 ? PictureColour.Coloured : file.IsStoredGrey ? PictureColour.Grey : PictureColour.GreyInColour);
            channels = Math.Max(channels, imageChannels);
            ImageLimits.RequireTotal((long)planes.Count * image.Length / imageChannels * channels, source);
        }
    }

    private static void RequireReadable(List<(string Path, PictureException Error)> unreadable, int count, string folder)
    {
        if (unreadable.Count == 1)
        {
            throw new SereException(unreadable[0].Error.Message, unreadable[0].Error);
        }

        if (unreadable.Count > 1)
        {
            var named = unreadable.Take(MostNamed).Select(file => $"'{Path.GetFileName(file.Path)}' {file.Error.Fault}");
            int others = unreadable.Count - MostNamed;
            throw new SereException(
                $"{unreadable.Count} of the {count} images in '{folder}' cannot be read: {string.Join(", ", named)}"
                + $"{(others > 0 ? $", and {others} more" : "")}; replace them or remove them from the folder.");
        }
    }

    private static string[] FindImages(string folder)
    {
        string[] paths;
        try
        {
            paths = Directory.GetFiles(folder);
        }
        catch (DirectoryNotFoundException error)
        {
            throw new SereException($"The folder '{folder}' does not exist; check the path.", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SereException($"The folder '{folder}' cannot be read ({error.Message.TrimEnd('.')}).", error);
        }

        paths = Array.FindAll(paths, IsPicture);
        Array.Sort(paths, StringComparer.Ordinal);
        return paths.Length > 0
            ? paths
            : throw new SereException(
                $"The folder '{folder}' holds no images; put PNG, JPEG or WebP files into it or name another one.");
    }

    private static void RequireOneColour(List<PictureColour> kinds, string[] paths, string folder)
    {
        int coloured = kinds.Count(kind => kind == PictureColour.Coloured);
        bool mostColoured = 2 * coloured > kinds.Count;
        // A colour photograph may show no colour: among others it is one of them.
        int grey = kinds.Count(kind => kind == PictureColour.Grey || (kind == PictureColour.GreyInColour && !mostColoured));
        if (coloured > 0 && grey > 0)
        {
            int odd = kinds.IndexOf(mostColoured ? PictureColour.Grey : PictureColour.Coloured);
            throw new SereException(
                $"The folder '{folder}' holds {grey} grey and {kinds.Count - grey} coloured images, of which "
                + $"'{Path.GetFileName(paths[odd])}' is the first {(mostColoured ? "grey" : "coloured")} one; remove the odd "
                + "ones, or give --gray to make all grey.");
        }
    }

    /// <summary>Puts the images behind each other; among coloured ones, grey ones get three equal planes.</summary>
    private static ImageSet Join(List<byte[]> planes, ImageShape shape, string[] names)
    {
        int dimensions = shape.Dimensions;
        byte[] pixels = new byte[planes.Count * dimensions];
        for (int i = 0; i < planes.Count; i++)
        {
            Span<byte> image = pixels.AsSpan(i * dimensions, dimensions);
            for (int start = 0; start < dimensions; start += planes[i].Length)
            {
                planes[i].CopyTo(image[start..]);
            }
        }

        return new ImageSet(shape, pixels, names: names);
    }
}
