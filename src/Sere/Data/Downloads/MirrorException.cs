namespace Sere.Data.Downloads;

/// <summary>A mirror will not give the file, however often it is asked. The message goes on after its address.</summary>
internal sealed class MirrorException : Exception
{
    public MirrorException(string message)
        : base(message)
    {
    }

    public MirrorException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
