using System.Formats.Tar;
using System.Text;

namespace Sere.Storage;

/// <summary>Tells files that hold their content from pipes and devices.</summary>
internal static class OrdinaryFile
{
    /// <summary>Refuses a target that a file of that name must not replace: a pipe, a socket or a device.</summary>
    public static void RequireReplaceable(string path)
    {
        if (new FileInfo(path) is { Exists: true, Length: 0 } && !IsOrdinary(path))
        {
            throw new SereException($"The file '{path}' is a pipe or a device, which cannot be replaced; name an ordinary file.");
        }
    }

    /// <summary>Whether a file is there and has content, as no pipe and no device has by its length.</summary>
    public static bool HasContent(string path) => Target(path) is { Exists: true, Length: > 0 };

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

    /// <summary>
    /// Opens a file that has a length and content; the stream can seek. Others may replace or delete the file.
    /// </summary>
    public static FileStream OpenRead(string path, long largest = long.MaxValue)
    {
        // To open a pipe waits for its writer and to read a device may never end; the length of both is 0.
        if (Target(path) is { Exists: true, Length: 0 })
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

    private static FileInfo? Target(string path)
    {
        var file = new FileInfo(path);
        return file.LinkTarget is null ? file : file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo;
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

/// <summary>Turns what the operating system reports about a file into one sentence that names the file.</summary>
internal static class FileFault
{
    // ENOSPC and EDQUOT on Linux, EDQUOT on macOS; ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL as HRESULTs on Windows.
    private static readonly int[] UnixDiskFull = [28, 122, 69];
    private static readonly int[] WindowsDiskFull = [unchecked((int)0x80070027), unchecked((int)0x80070070)];

    /// <summary>Whether the error is about a file rather than a mistake in the program.</summary>
    public static bool IsFault(Exception error) =>
        error is IOException or UnauthorizedAccessException or NotSupportedException || IsTooLong(error);

    public static SereException Reading(string path, Exception error) =>
        new($"The file '{path}' cannot be read because {Reason(path, error)}; check the path and its permissions.", error);

    public static SereException Writing(string path, Exception error) =>
        new($"The file '{path}' cannot be written because {Reason(path, error)}; " +
            "resolve that or choose another place, nothing was changed.",
            IsTooLong(error) ? new IOException(error.Message, error) : error);

    /// <summary>Reads a file by <paramref name="read"/>, whose faults become errors that name the file.</summary>
    public static TContent Reading<TContent>(string path, Func<TContent> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (IsFault(error))
        {
            throw Reading(path, error);
        }
    }

    /// <summary>Writes a file by <paramref name="write"/>, whose faults become errors that name the file.</summary>
    public static TResult Writing<TResult>(string path, Func<TResult> write)
    {
        try
        {
            return write();
        }
        catch (Exception error) when (IsFault(error))
        {
            throw Writing(path, error);
        }
    }

    public static void Writing(string path, Action write) => Writing(path, () =>
    {
        write();
        return path;
    });

    public static string Reason(string path, Exception error) => error switch
    {
        _ when Directory.Exists(path) => "it is a folder",
        FileNotFoundException or DirectoryNotFoundException when path.Contains('�', StringComparison.Ordinal) =>
            "its name is not UTF-8, so that it cannot be opened (rename it)",
        FileNotFoundException => "it does not exist",
        DirectoryNotFoundException => "its folder does not exist",
        UnauthorizedAccessException => "permission is denied",
        EndOfStreamException => "it ends early",
        PathTooLongException => "its name is too long",
        IOException when IsDiskFull(error) => "the disk is full",
        _ when IsTooLong(error) => "it would grow beyond the size that files may have here",
        _ => $"the system reports \"{error.Message.TrimEnd('.')}\"",
    };

    // What .NET makes of a file beyond the limit of the process or of the file system (EFBIG).
    private static bool IsTooLong(Exception error) =>
        error is ArgumentOutOfRangeException { ParamName: "value", TargetSite.DeclaringType.Namespace: "System.IO" };

    private static bool IsDiskFull(Exception error) =>
        (OperatingSystem.IsWindows() ? WindowsDiskFull : UnixDiskFull).Contains(error.HResult);
}

/// <summary>
/// Reads content whose length is only claimed: memory grows with the bytes that are there until they are a part of the claim
/// that bears it out, and then all that is claimed is made room for once.
/// </summary>
internal static class GrowingContent
{
    private const int FirstBuffer = 1 << 16;
    private const long ProvenPart = 64;

    /// <summary>Reads at most <paramref name="length"/> bytes.</summary>
    public static byte[] Read(Stream stream, int length)
    {
        byte[] content = new byte[Math.Min(length, FirstBuffer)];
        int held = 0;
        while (true)
        {
            held += stream.ReadAtLeast(content.AsSpan(held), content.Length - held, throwOnEndOfStream: false);
            if (held < content.Length || held == length)
            {
                Array.Resize(ref content, held);
                return content;
            }

            Array.Resize(ref content, ProvenPart * held >= length ? length : 2 * held);
        }
    }
}

/// <summary>Text from a file on its way into a message: it must not be long, nor steer a terminal.</summary>
internal static class QuotedText
{
    private const int MaximumLength = 60;

    /// <summary>The text between apostrophes, cut where it is long, with '?' in place of what is not plain.</summary>
    public static string Of(string text)
    {
        var quoted = new StringBuilder("'");
        foreach (char c in text.Length > MaximumLength ? text[..MaximumLength] + "..." : text)
        {
            quoted.Append(char.IsControl(c) || char.IsSurrogate(c) || c == '\'' ? '?' : c);
        }

        return quoted.Append('\'').ToString();
    }
}

/// <summary>
/// Places below a folder that the user named. Who made the folder may be a stranger: a link in it would lead what is read
/// and written to any file of the user, so none is followed. The folder itself may be a link.
/// </summary>
internal static class LinkFreePath
{
    /// <summary>A place below a folder, checked at each call: to be asked for anew before each use.</summary>
    public static string Below(string root, params ReadOnlySpan<string> names)
    {
        string path = root;
        foreach (string name in names)
        {
            path = Path.Combine(path, name);
            if ((new FileInfo(path).LinkTarget ?? new DirectoryInfo(path).LinkTarget) is not null)
            {
                throw new SereException(
                    $"'{path}' is a link, and none is followed inside of '{root}'; remove it, or put there what it leads to.");
            }
        }

        return path;
    }

    /// <summary>Whether two paths name one place. The file system's rule for upper and lower case is not known: equal but for that is too near.</summary>
    public static bool AreSame(string one, string other) => Full(one).Equals(Full(other), StringComparison.OrdinalIgnoreCase);

    private static string Full(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
}
