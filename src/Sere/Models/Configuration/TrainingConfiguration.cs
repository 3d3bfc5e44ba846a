namespace Sere.Models.Configuration;

/// <summary>How a model is trained.</summary>
public sealed record TrainingConfiguration
{
    /// <summary>How often every training image is seen; at least 1.</summary>
    public int Epochs { get; init; } = 20;

    /// <summary>The images of a training step; at least 1.</summary>
    public int BatchSize { get; init; } = 100;

    /// <summary>In what precision the factors of matrix products are taken; all else is float32.</summary>
    public TrainingPrecision Precision { get; init; } = TrainingPrecision.Fp32;

    /// <summary>
    /// K, the samples of each image in the bound that is maximized: 1 for the ELBO with closed-form divergences (eq. 2),
    /// more for the importance-weighted bound (Burda et al. 2016); 1 to 10000.
    /// </summary>
    public int ImportanceSamples { get; init; } = 1;

    /// <summary>The optimizer.</summary>
    public OptimizerConfiguration Optimizer { get; init; } = new AdamConfiguration();

    /// <summary>The course of the learning rate.</summary>
    public ScheduleConfiguration Schedule { get; init; } = new();

    /// <summary>The course of the weight of the Kullback-Leibler term.</summary>
    public AnnealingConfiguration Annealing { get; init; } = new();

    /// <summary>
    /// The largest global norm of the gradient; a longer one is shortened to it. Greater than 0, or null.
    /// </summary>
    public double? GradientClip { get; init; }

    /// <summary>
    /// The decay of the exponential moving average of the weights that evaluation uses, per step; greater than 0 and
    /// less than 1, or null for no average.
    /// </summary>
    public double? AverageDecay { get; init; }

    /// <summary>
    /// How many steps in a row may be skipped for a loss or gradient that is not finite; one more stops the run. At
    /// least 0.
    /// </summary>
    public int MaximumSkippedSteps { get; init; } = 20;

    /// <summary>When the run is saved.</summary>
    public CheckpointConfiguration Checkpoints { get; init; } = new();

    internal void Validate(string path)
    {
        const string Positive = "a whole number from 1 to 1000000000";
        ConfigurationCheck.Require(
            Epochs is >= 1 and <= ConfigurationCheck.MaximumCount, $"{path}.epochs", Epochs, Positive);
        ConfigurationCheck.Require(
            BatchSize is >= 1 and <= ConfigurationCheck.MaximumCount, $"{path}.batchSize", BatchSize, Positive);
        ConfigurationCheck.RequireNamed($"{path}.precision", Precision);
        ConfigurationCheck.Require(
            ImportanceSamples is >= 1 and <= 10_000,
            $"{path}.importanceSamples",
            ImportanceSamples,
            "a whole number from 1 to 10000");
        Optimizer.Validate($"{path}.optimizer");
        Schedule.Validate($"{path}.schedule");
        Annealing.Validate($"{path}.annealing");
        ConfigurationCheck.Require(
            GradientClip is null or (> 0 and < double.PositiveInfinity),
            $"{path}.gradientClip",
            GradientClip,
            "greater than 0 and finite, or null");
        ConfigurationCheck.Require(
            AverageDecay is null or (> 0 and < 1),
            $"{path}.averageDecay",
            AverageDecay,
            "greater than 0 and less than 1, or null");
        ConfigurationCheck.Require(
            MaximumSkippedSteps is >= 0 and <= ConfigurationCheck.MaximumCount,
            $"{path}.maximumSkippedSteps",
            MaximumSkippedSteps,
            "a whole number from 0 to 1000000000");
        Checkpoints.Validate($"{path}.checkpoints");
    }
}
