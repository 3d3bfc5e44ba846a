using Sere.Data;
using Sere.Evaluation;
using Sere.Models;
using Sere.Training;

namespace Sere.Runs.Configuration;

/// <summary>
/// Everything that decides a training run: with the same configuration, machine and thread count the figures are the
/// same. It is written beside the weights and is all that is needed to rebuild the model. Records from equal JSON are
/// equal.
/// </summary>
public sealed record ExperimentConfiguration : Choice
{
    /// <summary>A short name for reports; one to 100 characters.</summary>
    public string Name { get; init; } = "experiment";

    /// <summary>A sentence or two for readers; may be empty.</summary>
    [In("[0, 10000]")] public string Description { get; init; } = "";

    /// <summary>
    /// The seed of initialization and training; any 64-bit whole number. The split of a folder, validation and the
    /// final evaluation have a fixed seed of their own, so that runs are compared on the same binary images.
    /// </summary>
    public long Seed { get; init; } = 1;

    /// <summary>The images and how they are prepared.</summary>
    public DatasetChoice Dataset { get; init; } = new();

    /// <summary>The model.</summary>
    public ModelChoice Model { get; init; } = new VariationalAutoencoder();

    /// <summary>How the model is trained.</summary>
    public TrainingChoice Training { get; init; } = new();

    /// <summary>How the trained model is evaluated.</summary>
    public EvaluationChoice Evaluation { get; init; } = new();

    internal override void CheckTogether(string path)
    {
        RequireFolderName("name", Name);
        bool binary = Dataset.Binarization != BinarizationRule.None;
        Require(
            Model.DataLayer.TakesBinary == binary,
            "dataset.binarization",
            Dataset.Binarization.ToString().ToLowerInvariant(),
            Model.DataLayer.Binarization);
    }
}
