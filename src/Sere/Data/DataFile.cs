namespace Sere.Data;

/// <summary>A file of a downloaded data set, under any of the names and in any of the folders that tools give it.</summary>
internal static class DataFile
{
    /// <summary>What the name of a gzipped file ends with.</summary>
    public const string GzipSuffix = ".gz";

    /// <summary>
    /// The path that is read for a name: in the folder itself before those of other tools, as it is before gzipped; null
    /// where there is none.
    /// </summary>
    /// <param name="folder">The folder of the data set.</param>
    /// <param name="name">The name of the file, as it is.</param>
    /// <param name="mayBeZipped">Whether a gzipped one will do.</param>
    public static string? Find(string folder, string name, bool mayBeZipped = true)
    {
        string beside = Path.Combine(folder, "..");
        string[] folders =
        [
            folder,
            Path.Combine(folder, "raw"),
            Path.Combine(beside, "MNIST", "raw"),
            Path.Combine(folder, "cifar-10-batches-bin"),
            Path.Combine(beside, "cifar-10-batches-bin"),
            Path.Combine(folder, "cifar-10-batches-py"),
            Path.Combine(beside, "cifar-10-batches-py"),
        ];
        string dotted = name.Replace("-idx", ".idx", StringComparison.Ordinal);
        string[] names = mayBeZipped ? [name, name + GzipSuffix, dotted, dotted + GzipSuffix] : [name];
        return folders.SelectMany(_ => names, Path.Combine).FirstOrDefault(File.Exists) is { } found
            ? Path.GetFullPath(found)
            : null;
    }
}
