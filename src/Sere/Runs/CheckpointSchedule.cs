using Sere.Models.Configuration;

namespace Sere.Runs;

/// <summary>Says when the next checkpoint is due.</summary>
internal sealed class CheckpointSchedule
{
    private readonly CheckpointConfiguration _configuration;
    private readonly TimeProvider _clock;
    private long _saved;

    /// <summary>A schedule that counts its minutes from now on.</summary>
    public CheckpointSchedule(CheckpointConfiguration configuration, TimeProvider clock)
    {
        _configuration = configuration;
        _clock = clock;
        Saved();
    }

    /// <summary>Whether one is due between two steps.</summary>
    public bool IsDue =>
        _configuration.EveryMinutes is { } minutes && _clock.GetElapsedTime(_saved).TotalMinutes >= minutes;

    /// <summary>Whether one is due at the end of an epoch, counted from 1.</summary>
    public bool IsDueAfter(int epoch) => epoch % _configuration.EveryEpochs == 0 || IsDue;

    /// <summary>A checkpoint was written.</summary>
    public void Saved() => _saved = _clock.GetTimestamp();
}
