using Sere.Runs;
using Sere.Runs.Comparison;
using Sere.Training;

namespace Sere.Cli.Progress;

/// <summary>A line an epoch, where output is redirected, and one for each row of a comparison.</summary>
internal sealed class PlainRunObserver(Terminal terminal) : IComparisonObserver
{
    private const int StepsToForecast = 10;
    private readonly RunProgress _progress = new();
    private readonly Dictionary<string, Action<int, int>> _heldOut = new(StringComparer.Ordinal);
    private Action<int, int> _evaluation = (_, _) => { };

    public void OnRow(string name, int number, int of, bool isDone) =>
        terminal.Say($"row {number}/{of}: {name}{(isDone ? " (done)" : "")}");

    public void OnStepTimes() => terminal.Say("timing training steps");

    public void OnStart(long parameters, int epochsDone, int epochs, int stepsPerEpoch)
    {
        _progress.Start(epochsDone, epochs, stepsPerEpoch);
        _heldOut.Clear();
        _evaluation = ImageProgress.Lines(terminal, "evaluated");
        terminal.Say($"{parameters:N0} parameters, {stepsPerEpoch} steps an epoch, {epochsDone} of {epochs} epochs done");
    }

    public void OnStep(TrainingProgress progress)
    {
        _progress.Step(progress);
        if (_progress.StepsDone == StepsToForecast && progress.Epoch < _progress.Epochs)
        {
            terminal.Say($"about {_progress.Left()} to train");
        }
    }

    public void OnEpoch(RunMetrics metrics) => terminal.Say(
        $"epoch {metrics.Epoch}/{_progress.Epochs}  ELBO {metrics.Elbo:F2}  log-likelihood {metrics.LogLikelihoodTerm:F2}  "
        + $"KL {metrics.KlPerLayer.Sum():F2}  validation ELBO {metrics.ValidationElbo:F2}  {metrics.ImagesPerSecond:F0} images/s"
        + (metrics.Epoch < _progress.Epochs ? $"  {_progress.Left()} left" : ""));

    public void OnHeldOut(string work, int images, int of)
    {
        if (!_heldOut.TryGetValue(work, out var lines))
        {
            _heldOut[work] = lines = ImageProgress.Lines(terminal, $"{work}, held out");
        }

        lines(images, of);
    }

    public void OnEvaluation(int images, int of) => _evaluation(images, of);

    public void OnWarning(string sentence) => terminal.Warn(sentence);
}
