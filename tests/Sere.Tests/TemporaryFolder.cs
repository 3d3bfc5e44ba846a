namespace Sere.Tests;

/// <summary>A folder of a test's own that goes when the test ends.</summary>
/// <param name="inMemory">Whether the folder lies in memory, where the system has a place for that.</param>
internal sealed class TemporaryFolder(bool inMemory = false) : IDisposable
{
    private const string Prefix = "sere-tests-";
    private const string MemoryFolder = "/dev/shm";

    private readonly DirectoryInfo _folder = inMemory && Directory.Exists(MemoryFolder)
        ? Directory.CreateDirectory(System.IO.Path.Combine(MemoryFolder, Prefix + Guid.NewGuid().ToString("N")))
        : Directory.CreateTempSubdirectory(Prefix);

    public string Path => _folder.FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, byte[] content)
    {
        string path = File(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    /// <summary>Copies all files of a folder, to be damaged.</summary>
    /// <returns>The folder of the copies.</returns>
    public static string Copy(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string copy = System.IO.Path.Combine(to, System.IO.Path.GetRelativePath(from, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(copy)!);
            System.IO.File.Copy(file, copy);
        }

        return to;
    }

    public string[] FileNames() => [.. _folder.EnumerateFileSystemInfos().Select(entry => entry.Name)];

    public void Dispose() => _folder.Delete(recursive: true);
}
