using System.Diagnostics;
using Sere.Runs;
using Sere.Runs.Comparison;
using Sere.Training;
using Spectre.Console;

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

/// <summary>A table that is redrawn in place, on a terminal: the last epochs, and the one that is under way.</summary>
internal sealed class LiveRunObserver(LiveDisplayContext display) : IRunObserver
{
    private const int RowsShown = 12;
    private static readonly TimeSpan RedrawInterval = TimeSpan.FromSeconds(0.25);
    private readonly RunProgress _progress = new();
    private readonly List<string[]> _rows = [];
    private readonly List<string> _warnings = [];
    private long _drawn;
    private string _title = "";

    public void OnStart(long parameters, int epochsDone, int epochs, int stepsPerEpoch)
    {
        _progress.Start(epochsDone, epochs, stepsPerEpoch);
        _title = $"{parameters:N0} parameters, {epochs} epochs of {stepsPerEpoch} steps";
        Draw(null);
    }

    public void OnStep(TrainingProgress progress)
    {
        _progress.Step(progress);
        if (Stopwatch.GetElapsedTime(_drawn) >= RedrawInterval)
        {
            Draw(UnderWay(progress));
        }
    }

    public void OnEpoch(RunMetrics metrics)
    {
        _rows.Add(Row(
            $"{metrics.Epoch}/{_progress.Epochs}",
            metrics.Elbo,
            metrics.LogLikelihoodTerm,
            metrics.KlPerLayer.Sum(),
            $"{metrics.ValidationElbo:F2}",
            metrics.ImagesPerSecond));
        Draw(null);
    }

    public void OnHeldOut(string work, int images, int of) => Tell($"{work}: {images} of {of} held-out images", images == of);

    public void OnEvaluation(int images, int of) => Tell($"evaluating: {images} of {of} test images", images == of);

    private void Tell(string title, bool isLast)
    {
        _title = title;
        if (isLast || Stopwatch.GetElapsedTime(_drawn) >= RedrawInterval)
        {
            Draw(null);
        }
    }

    public void OnWarning(string sentence) => _warnings.Add(sentence);

    private static string[] Row(
        string epoch, double elbo, double logLikelihood, double kl, string validation, double imagesPerSecond, string left = "") =>
        [epoch, $"{elbo:F2}", $"{logLikelihood:F2}", $"{kl:F2}", validation, $"{imagesPerSecond:F0}", left];

    private string[] UnderWay(TrainingProgress progress)
    {
        double images = Math.Max(1, progress.Images);
        double logLikelihood = progress.LogLikelihoodSum / images;
        double kl = progress.KlSums.Sum() / images;
        return Row(
            $"{progress.Epoch + 1}/{_progress.Epochs} {100L * progress.StepInEpoch / _progress.StepsPerEpoch,3}%",
            logLikelihood - kl,
            logLikelihood,
            kl,
            "",
            progress.Images / Math.Max(progress.Seconds, 1e-9),
            _progress.Left());
    }

    private void Draw(string[]? underWay)
    {
        _drawn = Stopwatch.GetTimestamp();
        var table = new Table().Border(TableBorder.Rounded).Title(Markup.Escape(_title));
        foreach (string column in (string[])["epoch", "ELBO", "log-likelihood", "KL", "validation ELBO", "images/s", "left"])
        {
            table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (string[] row in _rows.Skip(Math.Max(0, _rows.Count - RowsShown)))
        {
            table.AddRow(row);
        }

        if (underWay is not null)
        {
            table.AddRow(underWay);
        }

        if (_warnings.Count > 0)
        {
            table.Caption(Markup.Escape(string.Join('\n', _warnings)));
        }

        display.UpdateTarget(table);
        display.Refresh();
    }
}
