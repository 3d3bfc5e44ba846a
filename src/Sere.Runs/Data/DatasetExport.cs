using System.Globalization;
using Sere.Storage;
using SkiaSharp;

namespace Sere.Data;

/// <summary>Writes the images of a known data set as PNG files, to look at and to give to programs that take folders.</summary>
internal static class DatasetExport
{
    /// <summary>
    /// Makes a folder with the PNG files of all images, in "train" and in "test". There each label has a folder of its own; of
    /// parts, "test/ok" holds the normal ones and "test/defect" others, whose names begin with the kind of their defect.
    /// </summary>
    /// <param name="name">A name that DatasetInfo.Find knows.</param>
    /// <param name="dataFolderOption">The value of --data-dir, or null.</param>
    /// <param name="folder">The folder, which must not exist, or be empty; it is made whole or not at all.</param>
    /// <param name="onWritten">Is told how many images of all are written.</param>
    /// <param name="onRemark">Is told what is to be said of how the data were read.</param>
    /// <param name="cancellation">Ends the work; then there is no folder.</param>
    /// <exception cref="UsageException">The data set has no images.</exception>
    /// <exception cref="SereException">The folder holds something or cannot be written, or the data set is not there.</exception>
    public static void Write(
        string name,
        string? dataFolderOption,
        string folder,
        Action<int, int> onWritten,
        Action<string> onRemark,
        CancellationToken cancellation)
    {
        if (DatasetCatalog.Toy(name) is not null)
        {
            throw new UsageException($"Data set '{name}' is of points on the plane and not of images; export another one.");
        }

        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (File.Exists(target) || (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any()))
        {
            throw new SereException($"'{folder}' is there already; name a folder that does not exist or is empty.");
        }

        (string Folder, ImageSet Images)[] sets = Sets(name, dataFolderOption, onRemark);
        string unfinished = $"{target}.{Guid.NewGuid():N}.part";
        try
        {
            FileFault.Writing(folder, () => { Directory.CreateDirectory(unfinished); });
            int all = sets.Sum(set => set.Images.Count);
            int written = 0;
            foreach (var (subfolder, images) in sets)
            {
                Write(images, unfinished, folder, subfolder, () => onWritten(++written, all), cancellation);
            }

            FileFault.Writing(folder, () =>
            {
                if (Directory.Exists(target))
                {
                    Directory.Delete(target);
                }

                Directory.Move(unfinished, target);
            });
        }
        finally
        {
            if (Directory.Exists(unfinished))
            {
                Directory.Delete(unfinished, recursive: true);
            }
        }
    }

    private static (string Folder, ImageSet Images)[] Sets(string name, string? dataFolderOption, Action<string> onRemark)
    {
        var splits = DatasetCatalog.Load(name, dataFolderOption, validationImages: 0, seed: 1);
        foreach (string remark in splits.Remarks)
        {
            onRemark(remark);
        }

        return splits.Defects is { } defects
            ?
            [
                ("train", splits.Train),
                (Path.Combine("test", "ok"), splits.Test),
                (Path.Combine("test", "defect"), defects),
            ]
            : [("train", splits.Train), ("test", splits.Test)];
    }

    private static void Write(
        ImageSet images,
        string unfinished,
        string folder,
        string subfolder,
        Action onWritten,
        CancellationToken cancellation)
    {
        var shape = images.Shape;
        using var picture = new SKBitmap(
            shape.Width, shape.Height, shape.Channels == 1 ? SKColorType.Gray8 : SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (int i = 0; i < images.Count; i++)
        {
            if (cancellation.IsCancellationRequested)
            {
                throw new OperationCanceledException("Interrupted; nothing was written.", cancellation);
            }

            string number = string.Create(CultureInfo.InvariantCulture, $"{i:D5}.png");
            string name = images.Names is { } names ? names[i]
                : images.Labels is { } labels ? Path.Combine(labels[i].ToString(CultureInfo.InvariantCulture), number)
                : number;
            string place = Path.Combine(subfolder, name);
            Fill(picture, images.Pixels.AsSpan(i * shape.Dimensions, shape.Dimensions));
            using SKData png = picture.Encode(SKEncodedImageFormat.Png, quality: 100);
            FileFault.Writing(Path.Combine(folder, place), () =>
            {
                string path = Path.Combine(unfinished, place);
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                using Stream file = PhysicalFileSystem.Instance.Create(path);
                png.SaveTo(file);
            });
            onWritten();
        }
    }

    /// <summary>Gives a picture the pixels of an image, whose planes lie one after the other.</summary>
    private static void Fill(SKBitmap picture, ReadOnlySpan<byte> planes)
    {
        Span<byte> pixels = picture.GetPixelSpan();
        int size = picture.Width * picture.Height;
        if (planes.Length == size)
        {
            for (int row = 0; row < picture.Height; row++)
            {
                planes.Slice(row * picture.Width, picture.Width).CopyTo(pixels[(row * picture.RowBytes)..]);
            }

            return;
        }

        for (int i = 0; i < size; i++)
        {
            pixels[4 * i] = planes[i];
            pixels[(4 * i) + 1] = planes[size + i];
            pixels[(4 * i) + 2] = planes[(2 * size) + i];
            pixels[(4 * i) + 3] = byte.MaxValue;
        }
    }
}
