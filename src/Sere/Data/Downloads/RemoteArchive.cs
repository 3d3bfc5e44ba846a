namespace Sere.Data.Downloads;

/// <summary>A gzipped tar archive of all files of a data set.</summary>
/// <param name="Name">The name that mirrors serve it under.</param>
public sealed record RemoteArchive(string Name)
{
    // Beside the files: headers, folders, a page of explanation.
    private const long Besides = 1 << 20;

    /// <summary>The most bytes that an archive of the files can have unpacked.</summary>
    internal static long LargestUnpacked(IEnumerable<RemoteFile> files) => Besides + files.Sum(file => file.Size);

    /// <summary>The most bytes that it can have as it is served.</summary>
    internal static long LargestPacked(IEnumerable<RemoteFile> files) => RemoteFile.LargestGzipOf(LargestUnpacked(files));
}
