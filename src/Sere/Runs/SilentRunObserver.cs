using Sere.Training;

namespace Sere.Runs;

/// <summary>Tells nobody how a run goes.</summary>
internal sealed class SilentRunObserver : IRunObserver
{
    public void OnStart(long parameters, int epochsDone, int epochs, int stepsPerEpoch)
    {
    }

    public void OnStep(TrainingProgress progress)
    {
    }

    public void OnEpoch(RunMetrics metrics)
    {
    }

    public void OnEvaluation(int images, int of)
    {
    }

    public void OnWarning(string sentence)
    {
    }
}
