using Sere.Runs;
using Sere.Training;

namespace Sere.Cli.Progress;

/// <summary>A line an epoch, where output is redirected.</summary>
internal sealed class PlainRunObserver : IRunObserver
{
    private readonly Terminal _terminal;
    private readonly RunProgress _progress = new();
    private readonly Action<int, int> _evaluation;

    public PlainRunObserver(Terminal terminal)
    {
        _terminal = terminal;
        _evaluation = ImageProgress.Lines(terminal, "evaluated");
    }

    public void OnStart(long parameters, int epochsDone, int epochs, int stepsPerEpoch)
    {
        _progress.Start(epochsDone, epochs, stepsPerEpoch);
        _terminal.Say($"{parameters:N0} parameters, {stepsPerEpoch} steps an epoch, {epochsDone} of {epochs} epochs done");
    }

    public void OnStep(TrainingProgress progress) => _progress.Step(progress);

    public void OnEpoch(RunMetrics metrics) => _terminal.Say(
        $"epoch {metrics.Epoch}/{_progress.Epochs}  ELBO {metrics.Elbo:F2}  log-likelihood {metrics.LogLikelihoodTerm:F2}  "
        + $"KL {metrics.KlPerLayer.Sum():F2}  validation ELBO {metrics.ValidationElbo:F2}  {metrics.ImagesPerSecond:F0} images/s"
        + (metrics.Epoch < _progress.Epochs ? $"  {_progress.Left()} left" : ""));

    public void OnEvaluation(int images, int of) => _evaluation(images, of);

    public void OnWarning(string sentence) => _terminal.Warn(sentence);
}
