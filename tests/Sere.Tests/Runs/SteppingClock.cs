namespace Sere.Tests.Runs;

/// <summary>A clock that moves by the same step each time somebody looks at it.</summary>
internal sealed class SteppingClock : TimeProvider
{
    private readonly TimeSpan _step;
    private long _now;

    public SteppingClock(TimeSpan step)
    {
        _step = step;
    }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => _now += _step.Ticks;
}
