namespace Sere.Storage;

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
