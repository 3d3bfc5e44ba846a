namespace Sere.Evaluation;

/// <summary>How a model is evaluated. The chunk size changes memory and speed, never a figure beyond rounding.</summary>
public sealed record EvaluationOptions
{
    /// <summary>Importance samples an image, K.</summary>
    public int ImportanceSamples { get; init; } = 100;

    /// <summary>Seed of the binarization of the images and of the importance samples.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Images times samples that are computed at once.</summary>
    public int RowsAtOnce { get; init; } = 2000;
}
