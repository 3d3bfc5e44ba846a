using Sere.Runs.Comparison;
using Xunit;

namespace Sere.Tests.Runs.Comparison;

public sealed class ComparisonPlanTests
{
    private static readonly Suite Two = new()
    {
        Name = "two",
        Reference = "second",
        Overrides = ["training.gradientClip=7", "model.layers=3"],
        Rows =
        [
            new SuiteRow { Name = "first", Preset = "digits", Overrides = ["model.layers=5", "training.batchSize=7", "seed=9"] },
            new SuiteRow { Name = "second", Preset = "digits", Overrides = ["training.batchSize=30", "training.epochs=4", "seed=6"] },
            new SuiteRow { Name = "third", Baseline = SuiteBaseline.IndependentPixels },
        ],
    };

    [Fact]
    public void Every_row_has_the_budget_batch_seed_and_evaluation_of_the_reference_unless_the_suite_says_others()
    {
        var plan = ComparisonPlan.Create(Two, folder: null, new ComparisonOptions());
        Assert.Equal("second", plan.Reference.Name);
        Assert.All(plan.Rows, row => Assert.Equal(
            (4, 30, 6, 1000, null, row.Name),
            (row.Configuration.Training.Epochs, row.Configuration.Training.BatchSize, row.Configuration.Seed,
                row.Configuration.Evaluation.ImportanceSamples, row.Configuration.Evaluation.Limit, row.Configuration.Name)));

        var asked = ComparisonPlan.Create(
            Two with { Epochs = 8, BatchSize = 50, Evaluation = new SuiteEvaluation { ImportanceSamples = 20, Limit = 40 } },
            folder: null,
            new ComparisonOptions { Epochs = 2, Seed = 11, ImportanceSamples = 3 });
        Assert.All(asked.Rows, row => Assert.Equal(
            (2, 50, 11, 3, 40),
            (row.Configuration.Training.Epochs, row.Configuration.Training.BatchSize, row.Configuration.Seed,
                row.Configuration.Evaluation.ImportanceSamples, row.Configuration.Evaluation.Limit)));
    }

    [Fact]
    public void The_overrides_of_a_row_come_after_those_of_the_suite()
    {
        var plan = ComparisonPlan.Create(Two, folder: null, new ComparisonOptions());
        Assert.All(plan.Rows, row => Assert.Equal(7, row.Configuration.Training.GradientClip));
        Assert.Equal([5, 3], plan.Rows.Take(2).Select(row =>
            ((Sere.Models.VariationalAutoencoder)row.Configuration.Model).Layers));
    }

    [Fact]
    public void A_row_of_other_data_is_refused_by_the_first_difference() => Assert.Equal(
        "The row \"first\" has other data than the reference \"second\": dataset.binarization is \"dynamic\" there and "
        + "\"threshold\" here; give both the same.",
        Refusal(Two with { Rows = [With("dataset.binarization=threshold"), .. Two.Rows.Skip(1)] }));

    [Fact]
    public void A_baseline_of_binary_images_is_refused_where_data_are_real() => Assert.Equal(
        "The row \"third\" is a baseline of binary images, and the data are not binarized; leave it out.",
        Refusal(Two with { Overrides = ["dataset.binarization=none", "data.kind=gaussian"] }));

    [Fact]
    public void A_baseline_of_levels_is_refused_where_the_model_is_of_binary_images() => Assert.All(
        (SuiteBaseline[])[SuiteBaseline.ChannelLogisticMixture, SuiteBaseline.Pca],
        baseline => Assert.Equal(
            "The row \"third\" is a baseline of images of whole levels, and the reference's model.data.kind is not "
            + "logistic-mixture; leave it out.",
            Refusal(Two with
            {
                Rows = [.. Two.Rows.Take(2), new SuiteRow { Name = "third", Baseline = baseline }],
            })));

    [Theory]
    [InlineData("model.layer=3", "The row \"first\" of the suite two: --set model.layer=3: unknown key \"model.layer\"; did you mean \"layers\"?")]
    public void A_wrong_override_is_refused_with_the_row(string text, string sentence) =>
        Assert.Equal(sentence, Refusal(Two with { Rows = [With(text), .. Two.Rows.Skip(1)] }));

    private static SuiteRow With(string text) => new() { Name = "first", Preset = "digits", Overrides = [text] };

    private static string Refusal(Suite suite) =>
        Assert.Throws<UsageException>(() => ComparisonPlan.Create(suite, folder: null, new ComparisonOptions())).Message;
}
