namespace Sere;

/// <summary>
/// A failure that its reader can act on: the message is one sentence that names the thing and says what to do.
/// The command line prints it as it stands and ends with exit code 1.
/// </summary>
public class SereException : Exception
{
    /// <summary>A failure described by one sentence.</summary>
    public SereException(string message)
        : base(message)
    {
    }

    /// <summary>A failure described by one sentence, with the error that caused it.</summary>
    public SereException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
