using Sere.Training;

namespace Sere.Runs;

/// <summary>Is told how a run goes.</summary>
public interface IRunObserver
{
    /// <summary>Training starts or goes on.</summary>
    /// <param name="parameters">Number of the model's parameters.</param>
    /// <param name="epochsDone">Epochs that are complete.</param>
    /// <param name="epochs">Epochs of the whole run.</param>
    /// <param name="stepsPerEpoch">Steps of an epoch.</param>
    void OnStart(long parameters, int epochsDone, int epochs, int stepsPerEpoch);

    /// <summary>A step is done.</summary>
    void OnStep(TrainingProgress progress);

    /// <summary>An epoch is done.</summary>
    void OnEpoch(RunMetrics metrics);

    /// <summary>
    /// Training is done, and some held-out images, by which others will be judged, are "examined" or "scored".
    /// </summary>
    void OnHeldOut(string work, int images, int of);

    /// <summary>Training is done, and some test images are scored.</summary>
    void OnEvaluation(int images, int of);

    /// <summary>Something that the user should know.</summary>
    void OnWarning(string sentence);
}

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

    public void OnHeldOut(string work, int images, int of)
    {
    }

    public void OnEvaluation(int images, int of)
    {
    }

    public void OnWarning(string sentence)
    {
    }
}
