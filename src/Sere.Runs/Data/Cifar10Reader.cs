using Sere.Data.Downloads;
using Sere.Storage;

namespace Sere.Data;

/// <summary>
/// Reads the binary version of CIFAR-10: records of a label byte and the three planes of an image, red, green and blue,
/// each row by row; or the Python version, which holds the same bytes. Planes come first in an <see cref="ImageSet"/> as well.
/// </summary>
internal static class Cifar10Reader
{
    private const int TrainingFiles = 5;
    private const int Classes = 10;
    private const int MostRecords = 10_000;

    // A pickle holds names of files besides.
    private const int LargestFile = 40_000_000;

    public static ImageShape Shape { get; } = new(3, 32, 32);

    public static int RecordLength { get; } = 1 + Shape.Dimensions;

    public static string TestFile => "test_batch.bin";

    /// <summary>The file of the first 1,000 test images, which is read where the whole one is not there.</summary>
    public static string AbridgedTestFile => "test_batch_first1000.bin";

    /// <summary>The name of a file of training images, <paramref name="number"/> from 1 to 5.</summary>
    public static string TrainingFile(int number) => $"data_batch_{number}.bin";

    /// <summary>
    /// Reads the five files of training images and the test images that are there, with their labels.
    /// </summary>
    public static (ImageSet Train, ImageSet Test) Read(string folder, Action<string> warn)
    {
        string[] training = [.. Enumerable.Range(1, TrainingFiles).Select(number => Find(folder, TrainingFile(number)))];
        string test = FindEither(folder, TestFile) ?? FindEither(folder, AbridgedTestFile) ?? Find(folder, TestFile);
        return (ImageSet.Join([.. training.Select(path => ReadKnown(path, warn))]), ReadKnown(test, warn));
    }

    public static ImageSet ReadFile(string path)
    {
        byte[] content = ReadContent(path);
        if (content.AsSpan().StartsWith(Cifar10Pickle.Start))
        {
            return ReadPickle(content, path);
        }

        int records = content.Length / RecordLength;
        byte[] pixels = new byte[records * Shape.Dimensions];
        byte[] labels = new byte[records];
        for (int record = 0; record < records; record++)
        {
            var source = content.AsSpan(record * RecordLength, RecordLength);
            labels[record] = source[0] < Classes ? source[0] : throw new SereException(
                $"'{path}' has the label {source[0]} in record {record}, where CIFAR-10 has labels from 0 to {Classes - 1}; "
                + "copy or download it again.");
            source[1..].CopyTo(pixels.AsSpan(record * Shape.Dimensions));
        }

        return new ImageSet(Shape, pixels, labels);
    }

    private static ImageSet ReadPickle(byte[] content, string path)
    {
        try
        {
            var (pixels, labels) = Cifar10Pickle.Read(content, Shape.Dimensions);
            return new ImageSet(Shape, pixels, labels);
        }
        catch (FormatException error)
        {
            throw new SereException(
                $"'{path}' is not a batch of the Python version of CIFAR-10 because {error.Message}; copy or download it again.",
                error);
        }
    }

    private static ImageSet ReadKnown(string path, Action<string> warn)
    {
        var images = ReadFile(path);
        string name = Path.GetFileNameWithoutExtension(path) + ".bin";
        var file = RemoteDataset.Cifar10.Files.SelectMany(file => (RemoteFile?[])[file, file.Abridged])
            .First(file => string.Equals(file?.Name, name, StringComparison.Ordinal))!;
        using var digest = file.StartDigest();
        for (int record = 0; record < images.Count; record++)
        {
            digest.AppendData(images.Labels!, record, 1);
            digest.AppendData(images.Pixels, record * Shape.Dimensions, Shape.Dimensions);
        }

        if (!file.Matches(digest))
        {
            warn($"'{path}' does not hold the images of CIFAR-10: its figures are of other data, whatever they are called.");
        }

        return images;
    }

    private static byte[] ReadContent(string path) => FileFault.Reading(path, () =>
    {
        using FileStream file = OrdinaryFile.OpenRead(path);
        Span<byte> start = stackalloc byte[Cifar10Pickle.Start.Length];
        bool isPickle = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length
            && start.SequenceEqual(Cifar10Pickle.Start);
        file.Position = 0;
        bool isPossible = isPickle
            ? file.Length <= LargestFile
            : file.Length % RecordLength == 0 && file.Length <= (long)MostRecords * RecordLength;
        if (!isPossible)
        {
            throw new SereException(
                $"'{path}' has {file.Length} bytes, which are not 1 to {MostRecords} records of CIFAR-10 of "
                + $"{RecordLength} bytes each; copy or download it again.");
        }

        byte[] content = new byte[file.Length];
        file.ReadExactly(content);
        return content;
    });

    private static string Find(string folder, string file) => FindEither(folder, file) ?? throw new SereException(
        $"'{file}' of data set 'cifar10' is not in '{folder}'; get it with sere data fetch cifar10, or set "
        + $"{DataFolder.EnvironmentVariable} or --data-dir to the folder that holds 'cifar10/'.");

    // The Python version has the same names without an ending.
    private static string? FindEither(string folder, string file) =>
        DataFile.Find(folder, file, mayBeZipped: false)
        ?? DataFile.Find(folder, Path.GetFileNameWithoutExtension(file), mayBeZipped: false);
}
