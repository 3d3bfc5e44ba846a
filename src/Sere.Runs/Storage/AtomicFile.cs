using System.Text;

namespace Sere.Storage;

/// <summary>
/// Files that are written whole or not at all: the content goes to a temporary file in the same folder, is flushed to
/// the disk and takes the final name in one step. Whoever reads the name finds the old content or the new, never a part.
/// </summary>
internal static class AtomicFile
{
    private const string TemporaryPrefix = ".sere-";
    private const string TemporarySuffix = ".tmp";

    /// <summary>
    /// Writes a file through a stream, in place of an older one of that name. If <paramref name="write"/> throws, its
    /// error passes through, the older file stays as it was and the temporary file is gone.
    /// </summary>
    public static void Write(string path, Action<Stream> write, IFileSystem? files = null) => FileFault.Writing(path, () =>
    {
        files ??= PhysicalFileSystem.Instance;
        string target = FollowLink(Path.GetFullPath(path));
        OrdinaryFile.RequireReplaceable(target);
        string temporary = Path.Combine(
            Path.GetDirectoryName(target)!,
            $"{TemporaryPrefix}{Guid.NewGuid():N}{TemporarySuffix}");
        try
        {
            using (var stream = files.Create(temporary))
            {
                write(stream);
                files.FlushToDisk(stream);
            }

            files.Move(temporary, target);
        }
        catch
        {
            DeleteQuietly(temporary, files);
            throw;
        }
    });

    /// <summary>Writes a text file in UTF-8 without a byte order mark, whole or not at all.</summary>
    public static void WriteAllText(string path, string text, IFileSystem? files = null) =>
        Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)), files);

    /// <summary>
    /// Deletes the temporary files that a killed process left in a folder. Only for a folder that nobody else writes to.
    /// </summary>
    internal static void DeleteLeftovers(string folder)
    {
        foreach (string temporary in Directory.EnumerateFiles(folder, $"{TemporaryPrefix}*{TemporarySuffix}"))
        {
            DeleteQuietly(temporary, PhysicalFileSystem.Instance);
        }
    }

    private static string FollowLink(string path)
    {
        var file = new FileInfo(path);
        return file.LinkTarget is null ? path : file.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
    }

    private static void DeleteQuietly(string path, IFileSystem files)
    {
        try
        {
            files.Delete(path);
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            // The error that brought us here says more than this one.
        }
    }
}

/// <summary>
/// The steps that writing a file consists of. A process may end between any two of them: what is on the disk then has to
/// be good for going on.
/// </summary>
internal interface IFileSystem
{
    Stream Create(string path);

    void FlushToDisk(Stream stream);

    /// <summary>Gives a file another name in one step, in place of one that has it.</summary>
    void Move(string source, string target);

    /// <summary>Removes a file; one that is not there is no error.</summary>
    void Delete(string path);

    string[] List(string folder, string pattern) => Directory.GetFiles(folder, pattern);
}

/// <summary>The file system of the machine.</summary>
internal sealed class PhysicalFileSystem : IFileSystem
{
    public static PhysicalFileSystem Instance { get; } = new();

    public Stream Create(string path) => new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);

    public void FlushToDisk(Stream stream) => ((FileStream)stream).Flush(flushToDisk: true);

    public void Move(string source, string target) => File.Move(source, target, overwrite: true);

    public void Delete(string path) => File.Delete(path);
}

/// <summary>Keeps two processes from writing into one folder.</summary>
internal static class FolderLock
{
    /// <summary>
    /// Makes the folder and holds a file in it until the result is disposed. The file stays: if it went, one process
    /// could hold the file that another is about to delete while a third makes a new one.
    /// </summary>
    public static FileStream Take(string folder, string name, Func<Exception, SereException> held)
    {
        string path = Path.Combine(folder, name);
        try
        {
            Directory.CreateDirectory(folder);
            path = LinkFreePath.Below(folder, name);
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            // A lock that cannot be opened although it is there is held by somebody.
            throw error is IOException && File.Exists(path)
                ? held(error)
                : FileFault.Writing(Directory.Exists(folder) ? path : folder, error);
        }
    }
}
