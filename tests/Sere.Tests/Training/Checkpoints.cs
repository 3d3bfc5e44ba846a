using Sere.Runs;
using Sere.Training;

namespace Sere.Tests.Training;

/// <summary>Makes checkpoint states for tests.</summary>
internal static class Checkpoints
{
    public static RunState State(Trainer trainer) => new()
    {
        Format = RunState.CurrentFormat,
        Digest = "",
        Progress = trainer.Progress,
        OptimizerSteps = trainer.Optimizer.Steps,
        Seconds = 0,
    };
}
