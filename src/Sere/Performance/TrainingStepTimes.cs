namespace Sere.Performance;

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
