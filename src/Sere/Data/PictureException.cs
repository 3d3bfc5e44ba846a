namespace Sere.Data;

/// <summary>A picture that cannot be read; a folder is read to its end to name several.</summary>
internal sealed class PictureException : SereException
{
    /// <summary>A failure of one file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="fault">What is wrong, to follow the file's name in a sentence.</param>
    /// <param name="cause">The error that caused it, or null.</param>
    public PictureException(string path, string fault, Exception? cause = null)
        : base($"'{path}' {fault}; replace it or remove it from the folder.", cause!)
    {
        Fault = fault;
    }

    /// <summary>What is wrong, to follow the file's name in a sentence.</summary>
    public string Fault { get; }
}
