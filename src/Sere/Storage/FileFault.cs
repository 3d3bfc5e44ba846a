namespace Sere.Storage;

/// <summary>Turns what the operating system reports about a file into one sentence that names the file.</summary>
internal static class FileFault
{
    // ENOSPC and EDQUOT on Linux, EDQUOT on macOS; ERROR_HANDLE_DISK_FULL and ERROR_DISK_FULL as HRESULTs on Windows.
    private static readonly int[] UnixDiskFull = [28, 122, 69];
    private static readonly int[] WindowsDiskFull = [unchecked((int)0x80070027), unchecked((int)0x80070070)];

    /// <summary>Whether the error is about a file rather than a mistake in the program.</summary>
    public static bool IsFault(Exception error) =>
        error is IOException or UnauthorizedAccessException or NotSupportedException || IsTooLong(error);

    /// <summary>The error of a file that could not be read.</summary>
    public static SereException Reading(string path, Exception error) =>
        new($"The file '{path}' cannot be read because {Reason(path, error)}; check the path and its permissions.", error);

    /// <summary>The error of a file that could not be written.</summary>
    public static SereException Writing(string path, Exception error) =>
        new($"The file '{path}' cannot be written because {Reason(path, error)}; " +
            "resolve that or choose another place, nothing was changed.",
            IsTooLong(error) ? new IOException(error.Message, error) : error);

    /// <summary>Why, to follow "because" in a sentence.</summary>
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
