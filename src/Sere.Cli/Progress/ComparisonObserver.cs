using Sere.Runs;
using Sere.Runs.Comparison;
using Sere.Training;

namespace Sere.Cli.Progress;

/// <summary>A line for each row of a comparison, and between them those of its run.</summary>
internal sealed class ComparisonObserver : IComparisonObserver
{
    private readonly Terminal _terminal;
    private PlainRunObserver _run;

    public ComparisonObserver(Terminal terminal)
    {
        _terminal = terminal;
        _run = new PlainRunObserver(terminal);
    }

    public void OnRow(string name, int number, int of, bool isDone)
    {
        _run = new PlainRunObserver(_terminal);
        _terminal.Say($"row {number}/{of}: {name}{(isDone ? " (done)" : "")}");
    }

    public void OnStepTimes() => _terminal.Say("timing training steps");

    public void OnStart(long parameters, int epochsDone, int epochs, int stepsPerEpoch) =>
        _run.OnStart(parameters, epochsDone, epochs, stepsPerEpoch);

    public void OnStep(TrainingProgress progress) => _run.OnStep(progress);

    public void OnEpoch(RunMetrics metrics) => _run.OnEpoch(metrics);

    public void OnEvaluation(int images, int of) => _run.OnEvaluation(images, of);

    public void OnWarning(string sentence) => _terminal.Warn(sentence);
}
