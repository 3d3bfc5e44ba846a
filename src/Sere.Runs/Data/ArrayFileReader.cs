using Sere.Storage;

namespace Sere.Data;

/// <summary>
/// Reads images and vectors from NumPy's .npy and .npz files, which are told by their first bytes. An array [N, D] is N
/// vectors, [N, H, W] grey images, [N, H, W, C] or [N, C, H, W] with C = 1 or 3 images with channels. What the numbers
/// mean, a <see cref="ValueScale"/> says.
/// </summary>
public static class ArrayFileReader
{
    private static readonly string[][] Parts = [["train", "x_train"], ["test", "x_test"]];
    private static readonly string[][] PartLabels = [["train_labels", "y_train"], ["test_labels", "y_test"]];

    /// <summary>Reads the images of a file that holds one array.</summary>
    /// <param name="path">The file.</param>
    /// <param name="scale">What its numbers mean; null to decide it by them.</param>
    /// <exception cref="SereException">The file is missing, damaged, or holds something else.</exception>
    public static ImageSet Read(string path, ValueScale? scale = null)
    {
        var (all, test, _) = ReadParts(path, scale);
        return test is null ? all : throw new SereException(
            $"'{path}' holds training and test images; name a file that holds one array.");
    }

    /// <summary>
    /// Reads the images of a file that holds one array, or the arrays "train" and "test" (or "x_train" and "x_test"),
    /// with or without labels in "train_labels" and "test_labels" (or "y_train" and "y_test").
    /// </summary>
    internal static (ImageSet Train, ImageSet? Test, ValueScale Scale) ReadParts(
        string path, ValueScale? scale = null, Action<string>? warn = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (FileKinds.Of(path) != FileKind.Zip)
        {
            var (images, found) = ToImages(NpyFile.Read(path), path, scale);
            return (images, null, found);
        }

        var arrays = NpzFile.Read(path, names =>
        {
            if (names.Count != 1
                && (names.Except(Parts.Concat(PartLabels).SelectMany(known => known), StringComparer.Ordinal).Any()
                    || !Parts.All(part => part.Any(names.Contains))))
            {
                throw new SereException(
                    $"'{path}' holds {Describe(names)}; keep one array of images in it, or name them train and test, with "
                    + "labels in train_labels and test_labels.");
            }
        });
        if (arrays.Count == 1)
        {
            var (images, found) = ToImages(arrays.Values.First(), path, scale);
            return (images, null, found);
        }

        var (train, decided) = ToImages(Find(arrays, Parts[0])!, path, scale);
        var (test, _) = ToImages(Find(arrays, Parts[1])!, path, decided);
        return (WithLabels(train, 0), WithLabels(test, 1), decided);

        ImageSet WithLabels(ImageSet images, int part) =>
            Find(arrays, PartLabels[part]) is { } labels && ToLabels(labels, images.Count, path, warn) is { } bytes
                ? images.WithLabels(bytes)
                : images;
    }

    private static string Describe(IReadOnlyCollection<string> names) =>
        names.Count == 0 ? "no arrays" : $"the {names.Count} arrays {string.Join(", ", names.Take(5))}"
            + (names.Count > 5 ? " and others" : "");

    private static NpyArray? Find(IReadOnlyDictionary<string, NpyArray> arrays, string[] names) =>
        names.Select(name => arrays.GetValueOrDefault(name)).FirstOrDefault(array => array is not null);

    private static (ImageSet Images, ValueScale Scale) ToImages(NpyArray array, string path, ValueScale? scale)
    {
        var (shape, channelsLast) = Interpret(array, path);
        bool isFloat = array.Type.IsFloat;
        // The type decides first: true is white and uint8 is bytes, whatever the scale says of other numbers.
        bool mayBeBytes = scale switch
        {
            ValueScale.Bytes => !isFloat,
            ValueScale.Real => array.Type == NpyType.UInt8 || array.Type == NpyType.Boolean,
            ValueScale.Binary or ValueScale.Levels or null => true,
        };
        if (mayBeBytes && array.ToBytes() is { } bytes
            && !(scale == ValueScale.Binary && isFloat && bytes.Any(value => value > 1)))
        {
            scale ??= array.Type == NpyType.Boolean || ValueScales.AreBinary(bytes) ? ValueScale.Binary
                : isFloat ? ValueScale.Levels
                : ValueScale.Bytes;
            ValueScales.Stretch(bytes, array.Type == NpyType.Boolean ? ValueScale.Binary : scale, path);
            return (new ImageSet(shape, channelsLast ? ToPlanes(bytes, shape) : bytes), scale.Value);
        }

        float[] values = array.ToSingles();
        if (scale == ValueScale.Levels || (scale is ValueScale.Bytes or ValueScale.Binary && !isFloat))
        {
            throw ValueScales.Misfit(path, Array.Find(values, value => value is not (>= 0 and <= 255) || value % 1 != 0), scale.Value);
        }

        int unfit = Array.FindIndex(values, value => !float.IsFinite(value));
        return unfit < 0
            ? (new ImageSet(shape, channelsLast ? ToPlanes(values, shape) : values), scale ?? ValueScale.Real)
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

    /// <summary>The labels as bytes; null, with a word, where they are none: a density has no use for them.</summary>
    private static byte[]? ToLabels(NpyArray labels, int count, string path, Action<string>? warn)
    {
        if (labels.Shape.Count == 0 || labels.Shape[0] != count)
        {
            throw new SereException(
                $"The labels in '{path}' are not {count}, one for each image; mend or remove them.");
        }

        byte[]? bytes = labels.Length == count ? labels.ToBytes() : null;
        if (bytes is null)
        {
            warn?.Invoke(
                $"The labels in '{path}' are not whole numbers from 0 to 255, one for each image, and were passed over; "
                + "training takes none.");
        }

        return bytes;
    }

    /// <summary>Brings channels that come last before rows and columns, in place.</summary>
    private static T[] ToPlanes<T>(T[] pixels, ImageShape shape)
    {
        var image = new T[shape.Dimensions];
        int plane = shape.Height * shape.Width;
        for (int first = 0; first < pixels.Length; first += image.Length)
        {
            pixels.AsSpan(first, image.Length).CopyTo(image);
            for (int i = 0; i < image.Length; i++)
            {
                pixels[first + (i % shape.Channels * plane) + (i / shape.Channels)] = image[i];
            }
        }

        return pixels;
    }
}
