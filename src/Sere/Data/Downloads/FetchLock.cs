using Sere.Storage;

namespace Sere.Data.Downloads;

/// <summary>Keeps two processes from downloading into one folder.</summary>
internal static class FetchLock
{
    private const string LockName = "fetch.lock";

    /// <summary>
    /// Makes the folder and holds it until the result is disposed. The lock file stays: if it went, one process could
    /// hold the file that another is about to delete while a third makes a new one.
    /// </summary>
    /// <exception cref="SereException">The folder cannot be made, or another process holds it.</exception>
    public static FileStream Take(string folder)
    {
        string path = Path.Combine(folder, LockName);
        try
        {
            Directory.CreateDirectory(folder);
            LinkFreePath.Below(folder, LockName);
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            // A lock that cannot be opened although it is there is held by somebody.
            throw error is IOException && File.Exists(path)
                ? new SereException($"Another process is downloading into '{folder}'; wait until it has ended.", error)
                : FileFault.Writing(Directory.Exists(folder) ? path : folder, error);
        }
    }
}
