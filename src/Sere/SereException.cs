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

/// <summary>
/// The request itself is wrong: an unknown name or key, a value that is out of range, a missing argument.
/// The command line ends with exit code 2.
/// </summary>
public sealed class UsageException : SereException
{
    /// <summary>A wrong request described by one sentence.</summary>
    public UsageException(string message)
        : base(message)
    {
    }

    /// <summary>A wrong request described by one sentence, with the error that caused it.</summary>
    public UsageException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
