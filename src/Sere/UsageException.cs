namespace Sere;

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
