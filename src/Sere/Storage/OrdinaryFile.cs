using System.Formats.Tar;

namespace Sere.Storage;

/// <summary>Tells files that hold their content from pipes and devices.</summary>
internal static class OrdinaryFile
{
    /// <summary>Refuses a target that a file of that name must not replace: a pipe, a socket or a device.</summary>
    /// <param name="path">The target, which need not exist. Links are followed already.</param>
    /// <exception cref="SereException">It is no ordinary file.</exception>
    /// <exception cref="IOException">It cannot be examined; see <see cref="FileFault"/>.</exception>
    public static void RequireReplaceable(string path)
    {
        if (new FileInfo(path) is { Exists: true, Length: 0 } && !IsOrdinary(path))
        {
            throw new SereException($"The file '{path}' is a pipe or a device, which cannot be replaced; name an ordinary file.");
        }
    }

    /// <summary>Whether a file is there and has content, as no pipe and no device has by its length.</summary>
    public static bool HasContent(string path)
    {
        var file = new FileInfo(path);
        return (file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true)) is
            FileInfo { Exists: true, Length: > 0 };
    }

    /// <summary>Reads a text file in UTF-8 whole; see <see cref="OpenRead"/>.</summary>
    public static string ReadAllText(string path, long largest)
    {
        using var reader = new StreamReader(OpenRead(path, largest));
        return reader.ReadToEnd();
    }

    /// <summary>Reads the lines of a text file in UTF-8; see <see cref="OpenRead"/>.</summary>
    public static IEnumerable<string> ReadLines(string path, long largest)
    {
        using var reader = new StreamReader(OpenRead(path, largest));
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    /// <summary>Opens a file that has a length and content; the stream can seek. Others may replace or delete the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="largest">How many bytes it may have.</param>
    /// <exception cref="SereException">The file is empty or too large, or a pipe or a device.</exception>
    /// <exception cref="IOException">The file does not exist or cannot be opened; see <see cref="FileFault"/>.</exception>
    /// <exception cref="UnauthorizedAccessException">Permission is denied, or it is a folder.</exception>
    public static FileStream OpenRead(string path, long largest = long.MaxValue)
    {
        // To open a pipe waits for its writer and to read a device may never end; the length of both is 0.
        var file = new FileInfo(path);
        if ((file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true)) is
            FileInfo { Exists: true, Length: 0 })
        {
            throw NotOrdinary(path);
        }

        var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        if (stream.CanSeek && stream.Length <= largest)
        {
            return stream;
        }

        bool isTooLarge = stream.CanSeek;
        stream.Dispose();
        throw isTooLarge
            ? new SereException($"The file '{path}' is too large for what it should be; check the path.")
            : NotOrdinary(path);
    }

    private static SereException NotOrdinary(string path) =>
        new($"The file '{path}' is empty, or a pipe or a device; give an ordinary file with content.");

    /// <summary>
    /// Asks the writer of archives, which is the one part of .NET that tells the kind of a file without opening it: to
    /// open a pipe may wait for ever.
    /// </summary>
    private static bool IsOrdinary(string path)
    {
        using var archive = new MemoryStream();
        try
        {
            using var writer = new TarWriter(archive, TarEntryFormat.Pax, leaveOpen: true);
            writer.WriteEntry(path, "file");
        }
        catch (IOException)
        {
            // A socket has no place in an archive.
            return false;
        }

        archive.Position = 0;
        using var reader = new TarReader(archive);
        return reader.GetNextEntry()?.EntryType == TarEntryType.RegularFile;
    }
}
