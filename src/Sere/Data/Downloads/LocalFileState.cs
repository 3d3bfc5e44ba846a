namespace Sere.Data.Downloads;

/// <summary>What is on this disk of a file.</summary>
public enum LocalFileState
{
    /// <summary>Nothing, or a broken-off download alone.</summary>
    Missing,

    /// <summary>The file, with the right content.</summary>
    Verified,

    /// <summary>A file of its name, with other content.</summary>
    Damaged,
}
