namespace Sere.Data;

/// <summary>A file of a downloaded data set, which may be there as it is or gzipped.</summary>
internal static class DataFile
{
    /// <summary>What the name of a gzipped file ends with.</summary>
    public const string GzipSuffix = ".gz";

    /// <summary>
    /// The path that is read for a name: the file as it is before the gzipped one; null where neither is there.
    /// </summary>
    public static string? Find(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        return File.Exists(path) ? path
            : File.Exists(path + GzipSuffix) ? path + GzipSuffix
            : null;
    }

    /// <summary>Whether a stream begins as a gzip file does; it is at its start afterwards.</summary>
    public static bool IsGzip(Stream stream)
    {
        Span<byte> start = stackalloc byte[2];
        bool zipped = stream.ReadAtLeast(start, 2, throwOnEndOfStream: false) == 2 && start[0] == 0x1F && start[1] == 0x8B;
        stream.Position = 0;
        return zipped;
    }
}
