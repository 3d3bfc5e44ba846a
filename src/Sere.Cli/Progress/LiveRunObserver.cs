using System.Diagnostics;
using Sere.Runs;
using Sere.Training;
using Spectre.Console;

namespace Sere.Cli.Progress;

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
