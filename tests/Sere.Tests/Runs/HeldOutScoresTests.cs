using Sere.Evaluation;
using Sere.Numerics;
using Sere.Runs;
using Sere.Tests.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Runs;

public sealed class HeldOutScoresTests : IDisposable
{
    private static readonly EvaluationOptions Options = new() { ImportanceSamples = 3, Seed = 4 };
    private readonly TemporaryFolder _folder = new();
    private readonly TrainedModel _model = new(
        TinyExperiment.Model(), TinyExperiment.Configuration, TinyExperiment.Shape);

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(-5, 0)]
    [InlineData(-4, 12.5)]
    [InlineData(-3, 50)]
    [InlineData(-2.5, 75)]
    [InlineData(-2, 87.5)]
    [InlineData(0, 100)]
    public void The_percentile_counts_lower_scores_and_half_of_the_ties(double score, double percentile) =>
        Assert.Equal(percentile, Scores(-3, -4, -3, -2).Percentile(score));

    [Fact]
    public void Measured_scores_are_those_of_the_first_images_and_are_found_again()
    {
        HeldOutScores measured = Measure(1005);
        Assert.Equal(HeldOutScores.MostImages, measured.LogLikelihood.Count);
        Assert.Equal(
            _model.Score(TinyExperiment.Images(5), Options, null, TestContext.Current.CancellationToken).LogLikelihood,
            measured.LogLikelihood.Take(5),
            (a, b) => Math.Abs(a - b) < 1e-4);
        var folder = new RunFolder(_folder.Path);
        Assert.Null(HeldOutScores.Find(folder, _model, Options));
        measured.Write(folder);
        Assert.Equal(measured.LogLikelihood, HeldOutScores.Find(folder, _model, Options)!.LogLikelihood);
    }

    [Fact]
    public void Scores_of_other_weights_samples_or_seeds_and_damaged_ones_are_not_taken()
    {
        var folder = new RunFolder(_folder.Path);
        HeldOutScores measured = Measure(3);
        string path = folder.HeldOutScores(3);
        measured.Write(folder);
        Assert.NotNull(HeldOutScores.Find(folder, _model, Options));
        Assert.Null(HeldOutScores.Find(folder, _model, Options with { Seed = 5 }));
        File.Copy(path, folder.HeldOutScores(7));
        Assert.Null(HeldOutScores.Find(folder, _model, Options with { ImportanceSamples = 7 }));
        (measured with { Weights = "others" }).Write(folder);
        Assert.Null(HeldOutScores.Find(folder, _model, Options));
        (measured with { LogLikelihood = [] }).Write(folder);
        Assert.Null(HeldOutScores.Find(folder, _model, Options));
        File.WriteAllText(path, "{\"format\":");
        Assert.Null(HeldOutScores.Find(folder, _model, Options));
        measured.Write(folder);
        using (torch.no_grad())
        {
            _model.Model.parameters().First().PlusInPlace(1e-3);
        }

        Assert.Null(HeldOutScores.Find(folder, _model, Options));
    }

    [Fact]
    public void Scores_of_another_configuration_are_not_taken_but_those_of_an_older_version_are()
    {
        var folder = new RunFolder(_folder.Path);
        HeldOutScores measured = Measure(3);
        (measured with { Configuration = "another" }).Write(folder);
        Assert.Null(HeldOutScores.Find(folder, _model, Options));
        (measured with { Configuration = null }).Write(folder);
        Assert.NotNull(HeldOutScores.Find(folder, _model, Options));
    }

    private HeldOutScores Measure(int images) => HeldOutScores.Measure(
        _model, TinyExperiment.Images(images), Options, cancellation: TestContext.Current.CancellationToken);

    private static HeldOutScores Scores(params double[] scores) =>
        new() { Weights = "", ImportanceSamples = 1, Seed = 1, LogLikelihood = scores };
}
