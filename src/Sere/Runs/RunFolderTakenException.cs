namespace Sere.Runs;

/// <summary>Another process trains in the folder.</summary>
public sealed class RunFolderTakenException : SereException
{
    /// <summary>The error described by one sentence.</summary>
    public RunFolderTakenException(string message)
        : base(message)
    {
    }

    /// <summary>The error described by one sentence, with the error that caused it.</summary>
    public RunFolderTakenException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
