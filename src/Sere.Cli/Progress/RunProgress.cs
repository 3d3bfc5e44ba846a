using System.Diagnostics;
using Sere.Training;

namespace Sere.Cli.Progress;

/// <summary>How far a run is, and how long it will still take.</summary>
internal sealed class RunProgress
{
    private long _started;
    private long _stepsAtStart;
    private long _stepsNow;

    public int Epochs { get; private set; }

    public int StepsPerEpoch { get; private set; }

    /// <summary>Steps since the start, or since the run was resumed.</summary>
    public long StepsDone => _stepsAtStart < 0 ? 0 : _stepsNow - _stepsAtStart;

    public void Start(int epochsDone, int epochs, int stepsPerEpoch)
    {
        Epochs = epochs;
        StepsPerEpoch = stepsPerEpoch;
        _started = Stopwatch.GetTimestamp();
        _stepsAtStart = -1;
        _stepsNow = (long)epochsDone * stepsPerEpoch;
    }

    public void Step(TrainingProgress progress)
    {
        // The first step may come from the middle of an epoch that a resumed run goes on with; it takes longer than others.
        if (_stepsAtStart < 0)
        {
            _stepsAtStart = progress.Step;
            _started = Stopwatch.GetTimestamp();
        }

        _stepsNow = progress.Step;
    }

    public string Left()
    {
        long done = _stepsNow - _stepsAtStart;
        if (done <= 0 || _stepsAtStart < 0)
        {
            return "";
        }

        double seconds = Stopwatch.GetElapsedTime(_started).TotalSeconds / done * (((long)Epochs * StepsPerEpoch) - _stepsNow);
        return seconds >= 3600 ? $"{seconds / 3600:F1} h" : seconds >= 100 ? $"{seconds / 60:F0} min" : $"{seconds:F0} s";
    }
}
