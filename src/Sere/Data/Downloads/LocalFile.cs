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

    /// <summary>Looks at a file that comes out of an archive, as it is read, or at the shorter one that will do.</summary>
    /// <exception cref="SereException">It is there but cannot be read.</exception>
    internal static LocalFile InspectUnpacked(RemoteFile file, string folder)
    {
        return DataFile.Find(folder, file.Name, mayBeZipped: false) is { } path
                ? Judge(path, file, LocalFileState.Verified)
            : file.Abridged is { } other && DataFile.Find(folder, other.Name, mayBeZipped: false) is { } abridged
                ? Judge(abridged, other, LocalFileState.Abridged)
            : new LocalFile(file, LocalFileState.Missing, null, 0);

        LocalFile Judge(string path, RemoteFile content, LocalFileState whole) =>
            new(file, ContentCheck.IsWholePlain(path, content) ? whole : LocalFileState.Damaged, path, 0);
    }
}
