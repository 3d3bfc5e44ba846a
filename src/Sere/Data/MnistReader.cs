using System.Buffers.Binary;
using Sere.Data.Downloads;

namespace Sere.Data;

/// <summary>Reads the four files of MNIST, gzipped or not.</summary>
internal static class MnistReader
{
    /// <summary>Reads the training and the test images with their labels.</summary>
    /// <param name="folder">The folder of the files.</param>
    /// <param name="warn">Told where the images are not those of MNIST, and where labels are missing.</param>
    /// <exception cref="SereException">A file is missing or damaged, or images and labels differ in number.</exception>
    public static (ImageSet Train, ImageSet Test) Read(string folder, Action<string> warn) =>
        (ReadPart(folder, "train", warn), ReadPart(folder, "t10k", warn));

    private static ImageSet ReadPart(string folder, string part, Action<string> warn)
    {
        string name = $"{part}-images-idx3-ubyte";
        string imagePath = DataFile.Find(folder, name) ?? throw new SereException(
            $"'{name}' or '{name}{DataFile.GzipSuffix}' of data set 'mnist' is not in '{folder}'; get it with sere data fetch "
            + $"mnist, or set {DataFolder.EnvironmentVariable} or --data-dir to the folder that holds 'mnist/' or 'MNIST/raw/'.");
        ImageSet images = IdxReader.ReadImages(imagePath);
        if (!IsMnist(images, name))
        {
            warn($"'{imagePath}' does not hold the images of MNIST: its figures are of other data, whatever they are called.");
        }

        if (DataFile.Find(folder, $"{part}-labels-idx1-ubyte") is not { } labelPath)
        {
            warn($"The labels of '{imagePath}' are not there, and training takes none.");
            return images;
        }

        byte[] labels = IdxReader.ReadLabels(labelPath);
        return labels.Length == images.Count
            ? images.WithLabels(labels)
            : throw new SereException(
                $"'{labelPath}' holds {labels.Length} labels for the {images.Count} images of '{imagePath}'; "
                + "copy or download both again.");
    }

    private static bool IsMnist(ImageSet images, string name)
    {
        var file = RemoteDataset.Mnist.Files.First(file => string.Equals(file.Name, name, StringComparison.Ordinal));
        Span<byte> header = stackalloc byte[16];
        int[] sizes = [0x0803, images.Count, images.Shape.Height, images.Shape.Width];
        for (int i = 0; i < sizes.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(header[(4 * i)..], sizes[i]);
        }

        using var digest = file.StartDigest();
        digest.AppendData(header);
        digest.AppendData(images.Pixels);
        return file.Matches(digest);
    }
}
