namespace Sere.Numerics;

/// <summary>What a random stream is used for. The numbers are part of every figure: never renumber them.</summary>
public enum StreamPurpose
{
    /// <summary>The initial values of a model's parameters.</summary>
    Initialization = 1,

    /// <summary>The order of the training images in an epoch.</summary>
    Shuffle = 2,

    /// <summary>Binary training images drawn from grey values, anew in each epoch.</summary>
    TrainingBinarization = 3,

    /// <summary>Latent noise of a training step.</summary>
    TrainingNoise = 4,

    /// <summary>Binary evaluation images drawn from grey values, one draw per image.</summary>
    EvaluationBinarization = 5,

    /// <summary>Latent noise of the importance samples of an evaluated image.</summary>
    EvaluationNoise = 6,

    /// <summary>Latent noise of a generated image.</summary>
    SampleLatents = 7,

    /// <summary>Noise of the data distribution of a generated image.</summary>
    SampleData = 8,

    /// <summary>How a data set is split into training, validation and test images.</summary>
    Split = 9,

    /// <summary>The batch that a data-dependent start of a model sees, and its latent noise.</summary>
    Start = 10,

    /// <summary>Which images of a training step are mirrored.</summary>
    TrainingFlips = 11,

    /// <summary>How the Monte-Carlo error of an importance-weighted bound is drawn.</summary>
    MonteCarloError = 12,
}
