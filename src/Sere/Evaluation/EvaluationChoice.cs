namespace Sere.Evaluation;

/// <summary>How a trained model is evaluated.</summary>
public sealed record EvaluationChoice : Choice
{
    /// <summary>K, the importance samples of each image.</summary>
    [In("[1, 1000000]")] public int ImportanceSamples { get; init; } = 100;

    /// <summary>How many images of the split are evaluated, from its first; null for all.</summary>
    [In(Count)] public int? Limit { get; init; }
}
