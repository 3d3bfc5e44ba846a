using System.Diagnostics;
using Sere.Training;
using TorchSharp;

namespace Sere.Performance;

/// <summary>Runs training steps and times their phases.</summary>
internal sealed class TrainingStepMeter
{
    private static readonly int Phases = Enum.GetValues<TrainingPhase>().Length;
    private readonly Trainer _trainer;
    private readonly List<double[]> _steps = [];
    private double[] _step = [];
    private long _last;

    public TrainingStepMeter(Trainer trainer)
    {
        _trainer = trainer;
    }

    /// <summary>Measures steps after others that warm up.</summary>
    public TrainingStepTimes Measure(int warmUp, int steps)
    {
        Run(warmUp, null);
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        long memory = process.WorkingSet64;
        long live = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Run(steps, EndPhase);
        long liveAfter = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        process.Refresh();
        return new TrainingStepTimes(
            Timing.Median([.. _steps.Select(step => step.Sum())]),
            [.. Enumerable.Range(0, Phases).Select(phase => Timing.Median([.. _steps.Select(step => step[phase])]))],
            (double)(liveAfter - live) / steps,
            process.WorkingSet64 - memory);
    }

    private void Run(int steps, Action<TrainingPhase>? onPhase)
    {
        int done = 0;
        _trainer.OnPhase = onPhase;
        while (done < steps)
        {
            using var enough = new CancellationTokenSource();
            BeginStep();
            _trainer.RunEpoch(
                _ =>
                {
                    BeginStep();
                    if (++done == steps)
                    {
                        enough.Cancel();
                    }
                },
                enough.Token);
        }

        _trainer.OnPhase = null;
    }

    private void BeginStep()
    {
        _step = new double[Phases];
        _last = Stopwatch.GetTimestamp();
    }

    private void EndPhase(TrainingPhase phase)
    {
        long now = Stopwatch.GetTimestamp();
        _step[(int)phase] = Stopwatch.GetElapsedTime(_last, now).TotalMilliseconds;
        _last = now;
        if ((int)phase == Phases - 1)
        {
            _steps.Add(_step);
        }
    }
}

/// <summary>What training steps took.</summary>
/// <param name="StepMilliseconds">Median of a whole step.</param>
/// <param name="PhaseMilliseconds">Median of each phase.</param>
/// <param name="LiveTensorsPerStep">Growth of the number of live tensors, a step.</param>
/// <param name="MemoryGrowth">Growth of the resident memory in bytes.</param>
internal sealed record TrainingStepTimes(
    double StepMilliseconds,
    IReadOnlyList<double> PhaseMilliseconds,
    double LiveTensorsPerStep,
    long MemoryGrowth);
