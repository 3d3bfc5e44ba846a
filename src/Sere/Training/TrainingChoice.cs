namespace Sere.Training;

/// <summary>How a model is trained.</summary>
public sealed record TrainingChoice : Choice
{
    /// <summary>How often every training image is seen.</summary>
    [In(Count)] public int Epochs { get; init; } = 20;

    /// <summary>Images of a training step.</summary>
    [In(Count)] public int BatchSize { get; init; } = 100;

    /// <summary>In what precision the factors of matrix products are taken; all else is float32.</summary>
    public TrainingPrecision Precision { get; init; } = TrainingPrecision.Fp32;

    /// <summary>Whether steps on a CUDA device run as one graph.</summary>
    public StepCapture Capture { get; init; } = StepCapture.Auto;

    /// <summary>
    /// K, the samples of each image in the bound that is maximized: 1 for the ELBO (eq. 2), more for the
    /// importance-weighted bound (Burda et al. 2016).
    /// </summary>
    [In("[1, 10000]")] public int ImportanceSamples { get; init; } = 1;

    /// <summary>
    /// Fraction of the epochs that are trained on the ELBO before the bound of K samples: a long run learns the model by the
    /// cheaper bound and ends with the tighter. Every epoch is validated by the bound of K samples, so that one rule finds the best.
    /// </summary>
    [In("[0, 1]")] public double ImportanceSamplesFrom { get; init; }

    /// <summary>The optimizer.</summary>
    public OptimizerChoice Optimizer { get; init; } = new AdamChoice();

    /// <summary>The course of the learning rate.</summary>
    public LearningRateSchedule Schedule { get; init; } = new();

    /// <summary>The course of the weight of the Kullback-Leibler term.</summary>
    public KlAnnealing Annealing { get; init; } = new();

    /// <summary>Largest global norm of the gradient; a longer one is shortened to it.</summary>
    [In("(0, inf)")] public double? GradientClip { get; init; }

    /// <summary>
    /// The norm of the gradient beyond which a step is skipped (Child 2021): one that is many times the usual can undo all that was
    /// learned.
    /// </summary>
    [In("(0, inf)")] public double? GradientSkip { get; init; }

    /// <summary>Decay of the exponential moving average of the weights that evaluation uses, per step.</summary>
    [In("(0, 1)")] public double? AverageDecay { get; init; }

    /// <summary>
    /// How many steps in a row may be skipped for a loss or gradient that is not finite or too long; one more stops the run.
    /// </summary>
    [In("[0, 1000000000]")] public int MaximumSkippedSteps { get; init; } = 20;

    /// <summary>When the run is saved.</summary>
    public CheckpointTimes Checkpoints { get; init; } = new();

    /// <summary>The samples of each image in the bound that an epoch maximizes.</summary>
    /// <param name="epoch">From 0.</param>
    internal int SamplesOf(int epoch) => epoch < Math.Round(ImportanceSamplesFrom * Epochs) ? 1 : ImportanceSamples;
}

/// <summary>When a run is saved. It changes no figure: only how much work an accident can cost.</summary>
public sealed record CheckpointTimes : Choice
{
    /// <summary>A checkpoint at the end of every so many epochs, and of the last.</summary>
    [In(Count)] public int EveryEpochs { get; init; } = 1;

    /// <summary>A checkpoint within an epoch, once so many minutes have passed since the last.</summary>
    [In("(0, 1000000000]")] public double? EveryMinutes { get; init; } = 10;

    /// <summary>How many of the last checkpoints are kept.</summary>
    [In(Count)] public int Kept { get; init; } = 2;
}

/// <summary>The precision of the factors of matrix products in training. Evaluation is always in float32.</summary>
public enum TrainingPrecision
{
    /// <summary>float32; JSON "fp32".</summary>
    Fp32,

    /// <summary>TensorFloat-32, 10 bits of mantissa, on a CUDA device; float32 on the CPU. JSON "tf32".</summary>
    Tf32,

    /// <summary>
    /// bfloat16, 8 bits of mantissa, with sums, weights, gradients and moments in float32; JSON "bf16". It is faster
    /// where the processor has instructions for it (AVX-512 BF16 or AMX), and slower elsewhere.
    /// </summary>
    Bf16,
}

/// <summary>Whether training steps on a CUDA device are captured as one graph, which one launch runs.</summary>
public enum StepCapture
{
    /// <summary>Wherever they can be; JSON "auto".</summary>
    Auto,

    /// <summary>Never: kernel by kernel; JSON "off".</summary>
    Off,
}
