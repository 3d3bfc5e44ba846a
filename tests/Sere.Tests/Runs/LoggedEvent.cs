namespace Sere.Tests.Runs;

/// <summary>What an event of TensorBoard says; a part that is not there is null.</summary>
internal sealed record LoggedEvent(
    double WallTime,
    long Step,
    string? FileVersion,
    ulong? SessionStatus,
    IReadOnlyDictionary<string, float>? Scalars)
{
    /// <summary>The value of SessionLog.status with which a session starts.</summary>
    public const ulong Start = 1;
}
