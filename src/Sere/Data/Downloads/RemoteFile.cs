namespace Sere.Data.Downloads;

/// <summary>A file of a data set that mirrors serve gzipped, under its name and ".gz".</summary>
/// <param name="Name">The name of the unpacked file.</param>
/// <param name="Size">The size of the unpacked file, in bytes.</param>
/// <param name="Sha256">The SHA-256 of the unpacked file: 64 lower-case hexadecimal digits.</param>
public sealed record RemoteFile(string Name, long Size, string Sha256)
{
    /// <summary>The name that mirrors serve the file under, and that it has on this disk.</summary>
    public string GzipName => Name + DataFile.GzipSuffix;

    /// <summary>
    /// The most bytes that a gzip file of this content can have: deflate makes nothing longer by a hundredth, and a
    /// header is short.
    /// </summary>
    internal long LargestGzip => Size + (Size / 100) + 4096;
}
