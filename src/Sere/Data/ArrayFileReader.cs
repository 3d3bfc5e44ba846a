using Sere.Storage;

namespace Sere.Data;

/// <summary>
/// Reads images and vectors from NumPy's .npy and .npz files. An array [N, D] is N vectors, [N, H, W] grey images,
/// [N, H, W, C] or [N, C, H, W] with C = 1 or 3 images with channels. Whole numbers from 0 to 255 are bytes (those that
/// are all 0 or 1 are black and white); everything else is real values.
/// </summary>
public static class ArrayFileReader
{
    private static readonly string[][] Parts = [["train", "x_train"], ["test", "x_test"]];
    private static readonly string[][] PartLabels = [["train_labels", "y_train"], ["test_labels", "y_test"]];

    /// <summary>Reads the images of a .npy file, or of a .npz file that holds one array.</summary>
    /// <param name="path">The file.</param>
    /// <param name="real">
    /// Whether whole numbers are real values too, because the file belongs to others that are not whole; arrays of type
    /// uint8 or boolean are bytes all the same.
    /// </param>
    /// <exception cref="SereException">The file is missing, damaged, or holds something else.</exception>
    public static ImageSet Read(string path, bool real = false)
    {
        var (all, test) = ReadParts(path, real);
        return test is null ? all : throw new SereException(
            $"'{path}' holds training and test images; name a file that holds one array.");
    }

    /// <summary>
    /// Reads the images of a .npy file, or of a .npz file that holds one array, or the arrays "train" and "test" (or
    /// "x_train" and "x_test"), with or without labels in "train_labels" and "test_labels" (or "y_train" and "y_test").
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="real">Whether whole numbers are real values too; they are in any case if those of the other part are.</param>
    /// <returns>The training and the test images; all images and null where the file does not tell them apart.</returns>
    /// <exception cref="SereException">The file is missing, damaged, or holds something else.</exception>
    public static (ImageSet Train, ImageSet? Test) ReadParts(string path, bool real = false)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!IsArchive(path))
        {
            return (ToImages(NpyFile.Read(path), path, real, labels: null), null);
        }

        var arrays = NpzFile.Read(path);
        if (arrays.Count == 1)
        {
            return (ToImages(arrays.Values.First(), path, real, labels: null), null);
        }

        if (arrays.Keys.Except(Parts.Concat(PartLabels).SelectMany(names => names), StringComparer.Ordinal).Any()
            || Find(arrays, Parts[0]) is not { } train
            || Find(arrays, Parts[1]) is not { } test)
        {
            throw new SereException(
                $"'{path}' holds {Describe(arrays.Keys)}; keep one array of images in it, or name them train and test, with "
                + "labels in train_labels and test_labels.");
        }

        // Told once for both: they are compared with each other.
        real = real || train.ToBytes() is null || test.ToBytes() is null;
        return (
            ToImages(train, path, real, Find(arrays, PartLabels[0])),
            ToImages(test, path, real, Find(arrays, PartLabels[1])));
    }

    /// <summary>Whether the name is that of a .npy or .npz file.</summary>
    internal static bool IsArrayFile(string path) =>
        path.EndsWith(".npy", StringComparison.OrdinalIgnoreCase) || IsArchive(path);

    private static bool IsArchive(string path) => path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase);

    private static string Describe(IEnumerable<string> names)
    {
        string[] all = [.. names];
        return all.Length == 0 ? "no arrays" : $"the {all.Length} arrays {string.Join(", ", all.Take(5))}"
            + (all.Length > 5 ? " and others" : "");
    }

    private static NpyArray? Find(IReadOnlyDictionary<string, NpyArray> arrays, string[] names) =>
        names.Select(name => arrays.GetValueOrDefault(name)).FirstOrDefault(array => array is not null);

    private static ImageSet ToImages(NpyArray array, string path, bool real, NpyArray? labels)
    {
        var (shape, channelsLast) = Interpret(array, path);
        byte[]? labelBytes = labels is null ? null : ToLabels(labels, array.Shape[0], path);
        bool isByteType = array.Type is NpyElementType.UInt8 or NpyElementType.Boolean;
        if ((isByteType || !real) && array.ToBytes() is { } bytes)
        {
            StretchBinary(bytes);
            return new ImageSet(shape, channelsLast ? ToPlanes(bytes, shape) : bytes, labelBytes);
        }

        float[] values = array.ToSingles();
        int unfit = Array.FindIndex(values, value => !float.IsFinite(value));
        return unfit < 0
            ? new ImageSet(shape, channelsLast ? ToPlanes(values, shape) : values, labelBytes)
            : throw new SereException(
                $"'{path}' holds a value that is not finite in float32, in item {unfit / shape.Dimensions}; replace or remove it.");
    }

    private static (ImageShape Shape, bool ChannelsLast) Interpret(NpyArray array, string path)
    {
        var sizes = array.Shape;
        string text = $"[{string.Join(", ", sizes)}]";
        if (sizes.Contains(0))
        {
            throw new SereException($"The array of '{path}' has the shape {text} and so no values; name another file.");
        }

        bool first = sizes.Count == 4 && sizes[1] is 1 or 3;
        bool last = sizes.Count == 4 && sizes[3] is 1 or 3;
        return sizes.Count switch
        {
            2 => (new ImageShape(1, 1, sizes[1]), false),
            3 => (new ImageShape(1, sizes[1], sizes[2]), false),
            4 when last && !first => (new ImageShape(sizes[3], sizes[1], sizes[2]), true),
            4 when first && !last => (new ImageShape(sizes[1], sizes[2], sizes[3]), false),
            _ => throw new SereException(
                $"The array of '{path}' has the shape {text}; bring it to [N, D], [N, height, width], or [N, height, width, "
                + "channels] with 1 or 3 channels."),
        };
    }

    private static byte[] ToLabels(NpyArray labels, int count, string path) =>
        labels.Shape.Count == 1 && labels.Length == count && labels.ToBytes() is { } bytes
            ? bytes
            : throw new SereException(
                $"The labels in '{path}' are not {count} whole numbers from 0 to 255, one for each image; mend or remove them.");

    /// <summary>What is 0 or 1 throughout means black and white, not two shades of black.</summary>
    private static void StretchBinary(byte[] bytes)
    {
        if (bytes.AsSpan().IndexOfAnyExceptInRange((byte)0, (byte)1) < 0)
        {
            for (int i = 0; i < bytes.Length; i++)
            {
                bytes[i] *= byte.MaxValue;
            }
        }
    }

    private static T[] ToPlanes<T>(T[] pixels, ImageShape shape)
    {
        var planes = new T[pixels.Length];
        int plane = shape.Height * shape.Width;
        for (int image = 0; image < pixels.Length; image += shape.Dimensions)
        {
            for (int i = 0; i < shape.Dimensions; i++)
            {
                planes[image + (i % shape.Channels * plane) + (i / shape.Channels)] = pixels[image + i];
            }
        }

        return planes;
    }
}
