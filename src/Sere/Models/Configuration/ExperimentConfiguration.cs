using Sere.Data;

namespace Sere.Models.Configuration;

/// <summary>
/// Everything that decides a training run: with the same configuration, machine and thread count the figures are the
/// same. It is written beside the weights and is all that is needed to rebuild the model. Records from equal JSON are
/// equal.
/// </summary>
public sealed record ExperimentConfiguration
{
    /// <summary>A short name for reports; one to 100 characters.</summary>
    public string Name { get; init; } = "experiment";

    /// <summary>A sentence or two for readers; at most 10,000 characters, may be empty.</summary>
    public string Description { get; init; } = "";

    /// <summary>
    /// The seed of initialization and training; any 64-bit whole number. The split of a folder, validation and the final
    /// evaluation have a fixed seed of their own, so that runs are compared on the same binary images.
    /// </summary>
    public long Seed { get; init; } = 1;

    /// <summary>The images and how they are prepared.</summary>
    public DatasetConfiguration Dataset { get; init; } = new();

    /// <summary>The model.</summary>
    public ModelConfiguration Model { get; init; } = new VariationalModelConfiguration();

    /// <summary>How the model is trained.</summary>
    public TrainingConfiguration Training { get; init; } = new();

    /// <summary>How the trained model is evaluated.</summary>
    public EvaluationConfiguration Evaluation { get; init; } = new();

    /// <summary>Checks every value against its range.</summary>
    /// <exception cref="UsageException">
    /// A value is out of its range; the sentence names its path in the JSON, the value and the range.
    /// </exception>
    public void Validate()
    {
        ConfigurationCheck.RequireFolderName("name", Name);
        ConfigurationCheck.Require(
            Description is { Length: <= 10_000 }, "description", Description, "a text of at most 10000 characters");
        Dataset.Validate("dataset");
        Model.Validate("model");
        Training.Validate("training");
        Evaluation.Validate("evaluation");
        bool binary = Dataset.Binarization != BinarizationRule.None;
        ConfigurationCheck.Require(
            Model.DataLayer is BernoulliDataConfiguration == binary,
            "dataset.binarization",
            Dataset.Binarization.ToString().ToLowerInvariant(),
            binary
                ? Model.FlowPreprocessing is not null
                    ? "none for a flow: binary values have no density"
                    : Model.DataLayer is GaussianDataConfiguration
                        ? "none where model.data.kind is gaussian: binary values have no density"
                        : "none where model.data.kind is logistic-mixture, which is of grey or colour values"
                : "dynamic or threshold where model.data.kind is bernoulli, which has no likelihood for grey values");
    }
}
