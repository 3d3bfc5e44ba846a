namespace Sere.Data.Downloads;

/// <summary>What is on this disk of a file of a data set.</summary>
/// <param name="Expected">What it should be.</param>
/// <param name="State">Whether it is.</param>
/// <param name="Path">Where it is, unpacked or gzipped; null where it is missing.</param>
/// <param name="PartialBytes">How much a broken-off download left that the next one goes on from, in bytes.</param>
public sealed record LocalFile(RemoteFile Expected, LocalFileState State, string? Path, long PartialBytes)
{
    /// <summary>Looks at the file and verifies its content.</summary>
    /// <exception cref="SereException">It is there but cannot be read.</exception>
    internal static LocalFile Inspect(RemoteFile file, string folder)
    {
        string? path = DataFile.Find(folder, file.Name);
        LocalFileState state = path is null ? LocalFileState.Missing
            : ContentCheck.IsWhole(path, file) ? LocalFileState.Verified
            : LocalFileState.Damaged;
        return new LocalFile(file, state, path, new PartFile(folder, file.GzipName).Length);
    }
}
