namespace Sere.Data;

/// <summary>Reads the four files of MNIST, gzipped or not.</summary>
internal static class MnistReader
{
    /// <summary>Reads the training and the test images with their labels.</summary>
    /// <param name="folder">The folder of the files.</param>
    /// <exception cref="SereException">A file is missing or damaged, or images and labels differ in number.</exception>
    public static (ImageSet Train, ImageSet Test) Read(string folder) => (ReadPart(folder, "train"), ReadPart(folder, "t10k"));

    private static ImageSet ReadPart(string folder, string part)
    {
        string imagePath = Find(folder, $"{part}-images-idx3-ubyte");
        string labelPath = Find(folder, $"{part}-labels-idx1-ubyte");
        ImageSet images = IdxReader.ReadImages(imagePath);
        byte[] labels = IdxReader.ReadLabels(labelPath);
        return labels.Length == images.Count
            ? new ImageSet(images.Shape, images.Pixels, labels)
            : throw new SereException(
                $"'{labelPath}' holds {labels.Length} labels for the {images.Count} images of '{imagePath}'; "
                + "copy or download both again.");
    }

    private static string Find(string folder, string file) =>
        DataFile.Find(folder, file) ?? throw new SereException(
            $"'{file}' or '{file}{DataFile.GzipSuffix}' of data set 'mnist' is not in '{folder}'; get it with sere data fetch "
            + $"mnist, or set {DataFolder.EnvironmentVariable} or --data-dir to the folder that holds 'mnist/'.");
}
