namespace Sere.Evaluation;

/// <summary>How a trained model is evaluated.</summary>
public sealed record EvaluationChoice : Choice
{
    /// <summary>K, the importance samples of each image.</summary>
    [In("[1, 1000000]")] public int ImportanceSamples { get; init; } = 100;

    /// <summary>How many images of the split are evaluated, from its first; null for all.</summary>
    [In(Count)] public int? Limit { get; init; }

    /// <summary>
    /// Whether a verdict on photographs asks a network that was trained on photographs as well as the model: where its package
    /// is there and held-out images with foreign patches are not told apart worse, or never.
    /// </summary>
    public VerdictFeatures Features { get; init; }
}

/// <summary>Whether a verdict is of features as well as of pixels.</summary>
public enum VerdictFeatures
{
    /// <summary>Where their package is there, the images are photographs, and held-out images do not speak against it.</summary>
    Auto,

    /// <summary>By pixels alone.</summary>
    Off,
}
