namespace Sere.Storage;

/// <summary>Opens files for readers that need to know how long a file is.</summary>
internal static class OrdinaryFile
{
    /// <summary>Opens a file that has a length and content; the stream can seek.</summary>
    /// <exception cref="SereException">The file is empty, or a pipe or a device.</exception>
    /// <exception cref="IOException">The file does not exist or cannot be opened; see <see cref="FileFault"/>.</exception>
    /// <exception cref="UnauthorizedAccessException">Permission is denied, or it is a folder.</exception>
    public static FileStream OpenRead(string path)
    {
        // To open a pipe waits for its writer and to read a device may never end; the length of both is 0.
        var file = new FileInfo(path);
        if ((file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true)) is
            FileInfo { Exists: true, Length: 0 })
        {
            throw NotOrdinary(path);
        }

        FileStream stream = File.OpenRead(path);
        if (stream.CanSeek)
        {
            return stream;
        }

        stream.Dispose();
        throw NotOrdinary(path);
    }

    private static SereException NotOrdinary(string path) =>
        new($"The file '{path}' is empty, or a pipe or a device; give an ordinary file with content.");
}
