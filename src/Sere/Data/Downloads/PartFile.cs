using Sere.Storage;

namespace Sere.Data.Downloads;

/// <summary>The beginning of a download, beside the file that it becomes.</summary>
internal sealed class PartFile
{
    private const string Suffix = ".part";
    private readonly string _folder;
    private readonly string _target;

    /// <summary>The part of the file <paramref name="name"/> in a folder.</summary>
    public PartFile(string folder, string name)
    {
        Name = name;
        _folder = folder;
        _target = System.IO.Path.Combine(folder, name);
        Path = _target + Suffix;
    }

    /// <summary>The name of the file that it becomes.</summary>
    public string Name { get; }

    /// <summary>Where the part is.</summary>
    public string Path { get; }

    /// <summary>How many bytes it has; 0 where there is none.</summary>
    public long Length => new FileInfo(Path) is { Exists: true } file ? file.Length : 0;

    /// <summary>Opens it to go on after its first bytes, for nobody else to write to; the rest is cut off.</summary>
    /// <param name="length">How many bytes stay.</param>
    /// <exception cref="SereException">It cannot be written.</exception>
    public FileStream Open(long length)
    {
        FileStream? stream = null;
        Guard(Path, () =>
        {
            LinkFreePath.Below(_folder, Name + Suffix);
            stream = new FileStream(Path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 0);
            if (stream.Length > length)
            {
                stream.SetLength(length);
            }

            stream.Seek(0, SeekOrigin.End);
        });
        return stream!;
    }

    /// <summary>Deletes it, if there is one.</summary>
    /// <exception cref="SereException">It cannot be deleted.</exception>
    public void Delete() => DeleteFile(Path);

    /// <summary>Gives it the name of the file that it becomes, in one step, once all of it is on the disk.</summary>
    /// <param name="overwrite">Whether a file of that name is replaced.</param>
    /// <returns>The path of the file.</returns>
    /// <exception cref="SereException">It cannot be written, or the name is taken.</exception>
    public string Place(bool overwrite)
    {
        Guard(_target, () =>
        {
            using (var stream = new FileStream(Path, FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                stream.Flush(flushToDisk: true);
            }

            File.Move(Path, _target, overwrite);
        });
        return _target;
    }

    /// <summary>Deletes a file, if it is there.</summary>
    /// <exception cref="SereException">It cannot be deleted.</exception>
    public static void DeleteFile(string path) => Guard(path, () =>
    {
        // Where there is no folder either, there is nothing to delete.
        if (File.Exists(path))
        {
            File.Delete(path);
        }
    });

    private static void Guard(string path, Action work)
    {
        try
        {
            work();
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            throw FileFault.Writing(path, error);
        }
    }
}
