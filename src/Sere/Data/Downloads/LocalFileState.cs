namespace Sere.Data.Downloads;

/// <summary>What is on this disk of a file.</summary>
public enum LocalFileState
{
    /// <summary>Nothing, or a broken-off download alone.</summary>
    Missing,

    /// <summary>The file, with the right content.</summary>
    Verified,

    /// <summary>A shorter file that will do in its place, with the right content; see <see cref="RemoteFile.Abridged"/>.</summary>
    Abridged,

    /// <summary>A file of its name, with other content.</summary>
    Damaged,
}
