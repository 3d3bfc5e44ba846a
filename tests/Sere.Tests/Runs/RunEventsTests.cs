using Sere.Data;
using Sere.Runs;
using Sere.Tests.Training;
using Xunit;

namespace Sere.Tests.Runs;

/// <summary>What a run writes for TensorBoard, held against its metrics.</summary>
public sealed class RunEventsTests : FolderTests
{
    private const int Epochs = 4;

    [Fact]
    public void A_run_leaves_one_file_with_the_metrics_of_its_epochs()
    {
        var folder = Train();
        Assert.Single(Directory.GetFiles(folder.TensorBoard));
        RequireMetrics(folder);
    }

    [Fact]
    public void A_resumed_run_writes_a_second_file_and_TensorBoard_forgets_what_was_trained_twice()
    {
        var folder = Train();
        var first = EventFile.Shown(folder.TensorBoard);
        long[] steps = [.. MetricsLog.Read(folder.Metrics).Select(epoch => epoch.Step)];

        // Without its last checkpoint the run trains its last epoch again.
        File.Delete(Directory.GetFiles(folder.Checkpoints, "step-*.json").Max(StringComparer.Ordinal)!);
        Resume(folder);
        string[] files = [.. Directory.GetFiles(folder.TensorBoard).Order(StringComparer.Ordinal)];
        Assert.Equal(2, files.Length);
        var second = EventFile.Read(files[1]);
        Assert.Equal("brain.Event:2", second[0].FileVersion);
        Assert.Equal(LoggedEvent.Start, second[1].SessionStatus);
        Assert.Equal(steps[^2] + 1, second[1].Step);
        Assert.Equal([steps[^1]], second.Skip(2).Select(one => one.Step));
        Assert.Equal(first.Keys, EventFile.Shown(folder.TensorBoard).Keys);
        RequireMetrics(folder);
    }

    [Fact]
    public void A_finished_run_that_is_resumed_adds_no_file()
    {
        var folder = Train();
        Resume(folder);
        Assert.Single(Directory.GetFiles(folder.TensorBoard));
    }

    private RunFolder Train()
    {
        var folder = new RunFolder(_folder.File("run"));
        using var run = TrainingRun.Start(TinyExperiment.Configuration, Splits(), folder);
        run.Execute(TestContext.Current.CancellationToken);
        return folder;
    }

    private static void Resume(RunFolder folder)
    {
        using var run = TrainingRun.Resume(folder, folder.ReadConfiguration(), Splits());
        run.Execute(TestContext.Current.CancellationToken);
    }

    private static DatasetSplits Splits() => DatasetSplits.FromTrainingImages(
        "tiny", TinyExperiment.Images(40), TinyExperiment.Images(4), validationImages: 8);

    private static void RequireMetrics(RunFolder folder)
    {
        var metrics = MetricsLog.Read(folder.Metrics);
        var shown = EventFile.Shown(folder.TensorBoard);
        Assert.Equal(Epochs, shown.Count);
        Assert.Equal(metrics.Select(epoch => epoch.Step), shown.Keys);
        foreach (var (epoch, scalars) in metrics.Zip(shown.Values))
        {
            Assert.Equal((float)epoch.Elbo, scalars["elbo/train"]);
            Assert.Equal((float)epoch.ValidationElbo, scalars["elbo/validation"]);
            Assert.Equal((float)epoch.LogLikelihoodTerm, scalars["elbo/log_likelihood_term"]);
            Assert.Equal((float)epoch.KlPerLayer.Sum(), scalars["kl/total"]);
            Assert.Equal((float)epoch.KlPerLayer[0], scalars["kl/layer_01"]);
            Assert.Equal((float)epoch.KlPerLayer[1], scalars["kl/layer_02"]);
            Assert.Equal((float)epoch.Beta, scalars["training/beta"]);
            Assert.Equal((float)epoch.LearningRate, scalars["training/learning_rate"]);
            Assert.Equal((float)epoch.GradientNorm, scalars["training/gradient_norm"]);
            Assert.Equal(epoch.SkippedSteps, scalars["training/skipped_steps"]);
            Assert.Equal((float)epoch.ImagesPerSecond, scalars["training/images_per_second"]);
            Assert.Equal(11, scalars.Count);
        }
    }
}
