using Sere.Runs;
using Sere.Training;

namespace Sere.Tests.Runs;

/// <summary>Keeps what a run warns of.</summary>
internal sealed class RecordingRun : IRunObserver
{
    public List<string> Warnings { get; } = [];

    public List<string> HeldOut { get; } = [];

    /// <summary>Called after each epoch.</summary>
    public Action? OnEpochEnd { get; init; }

    public void OnStart(long parameters, int epochsDone, int epochs, int stepsPerEpoch)
    {
    }

    public void OnStep(TrainingProgress progress)
    {
    }

    public void OnEpoch(RunMetrics metrics) => OnEpochEnd?.Invoke();

    public void OnHeldOut(string work, int images, int of) => HeldOut.Add($"{work} {images} of {of}");

    public void OnEvaluation(int images, int of)
    {
    }

    public void OnWarning(string sentence) => Warnings.Add(sentence);
}
