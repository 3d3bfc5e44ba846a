namespace Sere.Storage;

/// <summary>
/// The steps that writing a file consists of. A process may end between any two of them: what is on the disk then has to
/// be good for going on.
/// </summary>
internal interface IFileSystem
{
    /// <summary>Makes a file that is not there yet.</summary>
    Stream Create(string path);

    /// <summary>Brings what was written to the disk itself.</summary>
    void FlushToDisk(Stream stream);

    /// <summary>Gives a file another name in one step, in place of one that has it.</summary>
    void Move(string source, string target);

    /// <summary>Removes a file; one that is not there is no error.</summary>
    void Delete(string path);

    /// <summary>The files of a folder by a pattern of their names.</summary>
    string[] List(string folder, string pattern) => Directory.GetFiles(folder, pattern);
}
