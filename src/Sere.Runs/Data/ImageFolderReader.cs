using Sere.Storage;

namespace Sere.Data;

/// <summary>
/// Reads the PNG, JPEG, WebP and BMP files of a folder (told by ".png", ".jpg", ".jpeg", ".webp", ".bmp"; other files, those
/// whose names begin with a dot and subfolders are passed over) in the ordinal order of their names. Transparency is composed
/// on black, and a picture is turned as its camera noted.
/// </summary>
public static class ImageFolderReader
{
    private const int MostNamed = 10;

    private static readonly string[] Extensions = [".png", ".jpg", ".jpeg", ".webp", ".bmp"];

    /// <summary>Reads all images of a folder, which have to be of one size unless they are resized.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="gray">Whether colours become grey values (the luma of Rec. 601).</param>
    /// <param name="resize">
    /// The shape whose height and width each image is stretched to, or null; its channels have no say.
    /// </param>
    /// <param name="scale">What the values mean; null to decide it by them: those that are all 0 or 1 are black and white.</param>
    /// <param name="warn">Told what was passed over; null for nobody.</param>
    /// <returns>
    /// The images with their file names: 1 channel where they are grey or made so, else 3 (red, green, blue). An image
    /// that is stored in colour and shows none is grey, unless most images of the folder show colour.
    /// </returns>
    /// <exception cref="UsageException">The wanted height or width cannot be had.</exception>
    /// <exception cref="SereException">
    /// The folder is missing or has no images or both grey and coloured ones, or an image is unreadable, too large, of
    /// another size, or has a value that the scale does not have.
    /// </exception>
    public static ImageSet Read(
        string folder, bool gray = false, ImageShape? resize = null, ValueScale? scale = null, Action<string>? warn = null) =>
        ReadFolder(folder, gray, resize, mixed: false, scale, warn).Images;

    /// <summary>As <see cref="Read"/>; where <paramref name="mixed"/> is set, grey images may be among coloured ones.</summary>
    /// <returns>The images, and what their values mean.</returns>
    internal static (ImageSet Images, ValueScale Scale) ReadFolder(
        string folder, bool gray, ImageShape? resize, bool mixed, ValueScale? scale, Action<string>? warn)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ImageLimits.RequirePossible(resize);
        string[] paths = FindImages(folder, warn);
        byte[] colours = [];
        var known = scale ?? Decide(paths, ref colours);
        return (ReadAll(paths, folder, gray, resize, mixed, known, colours), known);
    }

    /// <summary>Reads one image.</summary>
    /// <param name="path">A PNG, JPEG, WebP or BMP file.</param>
    /// <param name="gray">Whether colours become grey values (the luma of Rec. 601).</param>
    /// <param name="resize">The shape whose height and width the image is stretched to, or null.</param>
    /// <param name="scale">What its values mean.</param>
    /// <returns>A set of one image with its file name.</returns>
    /// <exception cref="UsageException">The wanted height or width cannot be had.</exception>
    /// <exception cref="SereException">
    /// The image is missing, unreadable or too large, or has a value that the scale does not have.
    /// </exception>
    public static ImageSet ReadFile(
        string path, bool gray = false, ImageShape? resize = null, ValueScale scale = ValueScale.Bytes)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ImageLimits.RequirePossible(resize);
        return ReadAll([path], path, gray, resize, mixed: false, scale, colours: []);
    }

    /// <summary>What the values of all images mean: as a rule the first image tells.</summary>
    private static ValueScale Decide(string[] paths, ref byte[] colours)
    {
        bool hasOne = false;
        foreach (string path in paths)
        {
            try
            {
                using var file = PictureFile.Open(path);
                file.Decode(ref colours);
                for (int i = 0; i < 4 * file.Height * file.Width; i++)
                {
                    // The fourth of four is opacity.
                    if (i % 4 != 3 && colours[i] > 1)
                    {
                        return ValueScale.Bytes;
                    }

                    hasOne |= i % 4 != 3 && colours[i] == 1;
                }
            }
            catch (PictureException)
            {
                // It is named together with the others.
            }
        }

        return hasOne ? ValueScale.Binary : ValueScale.Bytes;
    }

    private static ImageSet ReadAll(
        string[] paths, string source, bool gray, ImageShape? resize, bool mixed, ValueScale scale, byte[] colours)
    {
        var kinds = new List<PictureColour>();
        var unreadable = new List<(string Path, PictureException Error)>();
        (int Height, int Width) size = (0, 0);
        ImageShape shape = default;
        byte[] pixels = [];
        for (int i = 0; i < paths.Length; i++)
        {
            try
            {
                using var file = PictureFile.Open(paths[i]);
                bool isGrey = file.Decode(ref colours);
                if (unreadable.Count == 0)
                {
                    Add(i, file, gray || isGrey ? 1 : 3);
                    kinds.Add(!gray && !isGrey ? PictureColour.Coloured
                        : file.IsStoredGrey ? PictureColour.Grey
                        : PictureColour.GreyInColour);
                }
            }
            catch (PictureException error)
            {
                unreadable.Add((paths[i], error));
                pixels = [];
            }
        }

        RequireReadable(unreadable, paths.Length, source);
        if (!mixed)
        {
            RequireOneColour(kinds, paths, source);
        }

        return new ImageSet(shape, pixels, names: Array.ConvertAll(paths, path => Path.GetFileName(path)));

        void Add(int index, PictureFile file, int channels)
        {
            if (index == 0)
            {
                size = (file.Height, file.Width);
                shape = new ImageShape(channels, resize?.Height ?? size.Height, resize?.Width ?? size.Width);
                ImageLimits.RequireTotal((long)paths.Length * shape.Dimensions, source);
                pixels = new byte[paths.Length * shape.Dimensions];
            }
            else if (resize is null && size != (file.Height, file.Width))
            {
                throw new SereException(
                    $"'{paths[index]}' is {file.Width} pixels wide and {file.Height} high, but '{Path.GetFileName(paths[0])}' "
                    + $"beside it is {size.Width} wide and {size.Height} high; bring all images of the folder to one "
                    + "size, or give --resize.");
            }

            int plane = shape.Height * shape.Width;
            if (channels > shape.Channels)
            {
                shape = shape with { Channels = channels };
                ImageLimits.RequireTotal((long)paths.Length * shape.Dimensions, source);
                pixels = ImageFitting.RepeatPlanes(pixels, plane);
            }

            byte[] planes = new byte[channels * file.Height * file.Width];
            file.WritePlanes(colours, planes);
            ValueScales.Stretch(planes, scale, paths[index]);
            if (resize is not null)
            {
                planes = PlaneResizer.Resize(
                    planes, new ImageShape(channels, file.Height, file.Width), shape.Height, shape.Width);
            }

            // Among coloured images, grey ones get three equal planes.
            for (int start = 0; start < shape.Dimensions; start += planes.Length)
            {
                planes.CopyTo(pixels.AsSpan((index * shape.Dimensions) + start));
            }
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

    internal static string[] FindImages(string folder, Action<string>? warn)
    {
        string[] shown;
        string[] folders;
        try
        {
            shown = Array.FindAll(Directory.GetFiles(folder), IsShown);
            folders = Array.FindAll(
                Directory.GetDirectories(folder),
                path => IsShown(path) && !string.Equals(Path.GetFileName(path), "__MACOSX", StringComparison.Ordinal));
        }
        catch (DirectoryNotFoundException error)
        {
            throw new SereException(
                $"The folder '{folder}' "
                + (folder.Contains('\uFFFD', StringComparison.Ordinal)
                    ? "has a name that is not UTF-8, so that it cannot be opened; rename it."
                    : "does not exist; check the path."),
                error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SereException($"The folder '{folder}' cannot be read ({error.Message.TrimEnd('.')}).", error);
        }

        string[] images = Array.FindAll(shown, IsPicture);
        Array.Sort(images, StringComparer.Ordinal);
        string passedOver = PassedOver(shown, folders);
        if (images.Length == 0)
        {
            throw new SereException(
                $"The folder '{folder}' holds no images{(passedOver.Length > 0 ? $" (passed over: {passedOver})" : "")}; "
                + "put PNG, JPEG, WebP or BMP files into it or name another one.");
        }

        if (passedOver.Length > 0)
        {
            warn?.Invoke($"'{folder}' holds {Counted(images.Length, "image")}; passed over: {passedOver}.");
        }

        return images;
    }

    /// <summary>What of a folder is not read, in words; empty for nothing.</summary>
    private static string PassedOver(string[] files, string[] folders)
    {
        string[] others = Array.FindAll(files, path => !IsPicture(path));
        string[] endings =
        [
            .. others.Select(path => Path.GetExtension(path).ToLowerInvariant())
                .Select(ending => ending.Length > 0 ? ending : "no ending")
                .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
        ];
        string kinds = string.Join(", ", endings.Take(MostNamed)) + (endings.Length > MostNamed ? " and others" : "");
        int withImages = folders.Count(HoldsImages);
        return string.Join(" and ", (IEnumerable<string>)
        [
            .. others.Length > 0 ? [$"{Counted(others.Length, "file")} of other kinds ({kinds})"] : (string[])[],
            .. withImages > 0 ? [$"{Counted(withImages, "subfolder")} with images"] : (string[])[],
        ]);
    }

    /// <summary>
    /// A folder, or where it holds no images itself, its subfolders that do, in the order of their names and with them.
    /// </summary>
    internal static IReadOnlyList<(string Path, string? Name)> WithSubfolders(string folder)
    {
        string[] below = HoldsImages(folder)
            ? []
            : FileFault.Reading(folder, () => Array.FindAll(Directory.GetDirectories(folder), path =>
                IsShown(path) && new DirectoryInfo(path).LinkTarget is null && HoldsImages(path)));
        Array.Sort(below, StringComparer.Ordinal);
        return below.Length == 0 ? [(folder, null)] : [.. below.Select(path => (path, (string?)Path.GetFileName(path)))];
    }

    private static bool HoldsImages(string folder)
    {
        try
        {
            return Directory.EnumerateFiles(folder).Any(path => IsShown(path) && IsPicture(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Whether a name ends as that of a file that can be read.</summary>
    internal static bool IsPicture(string path) =>
        Extensions.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    // Other systems leave files of their own beside images: "._a.png" is none.
    private static bool IsShown(string path) => !Path.GetFileName(path.AsSpan()).StartsWith('.');

    private static string Counted(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";

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
}
