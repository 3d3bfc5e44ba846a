using System.Text.Json.Nodes;
using Sere.Data;
using Sere.Runs;
using Sere.Runs.Configuration;
using Xunit;

namespace Sere.Tests.Runs;

public sealed class TrainingRunTests : FolderTests
{
    private static readonly DatasetSplits Digits = DatasetSplits.FromTrainingImages(
        "digits", DigitsGenerator.GenerateTrain(60), DigitsGenerator.GenerateTest(5), validationImages: 10);

    [Fact]
    public void A_program_trains_without_a_command_line_and_loads_what_it_trained()
    {
        var folder = new RunFolder(_folder.File("run"));
        using (var run = TrainingRun.Start(Tiny(), Digits, folder))
        {
            Assert.Equal(5, run.Execute(TestContext.Current.CancellationToken).Report.Images);
        }

        Assert.False(File.Exists(folder.Command));
        Assert.DoesNotContain("```", File.ReadAllText(folder.Report));
        using var model = TrainedModel.Load(folder.Root);
        Assert.Equal(5, model.LogLikelihood(Digits.Test, importanceSamples: 2).Length);
    }

    [Theory]
    [InlineData(100, 100, 0)]
    [InlineData(99, 100, 1)]
    [InlineData(100, 99, 1)]
    public void Fewer_than_a_hundred_held_out_images_are_worth_one_warning(int validation, int test, int warnings)
    {
        var splits = DatasetSplits.FromTrainingImages(
            "digits", DigitsGenerator.GenerateTrain(150), DigitsGenerator.GenerateTest(count: test), validation);
        var observer = new RecordingRun();
        var folder = new RunFolder(_folder.File("few"));
        TrainingRun.Start(Tiny(), splits, folder, observer: observer).Dispose();
        Assert.Equal(warnings, observer.Warnings.Count);
        Assert.All(observer.Warnings, warning => Assert.Contains($"{validation} validation and {test} test images", warning));
        TrainingRun.Resume(folder, folder.ReadConfiguration(), splits, observer).Dispose();
        Assert.Equal(warnings, observer.Warnings.Count);
    }

    [Fact]
    public void A_run_that_diverges_says_so_and_keeps_the_last_good_weights()
    {
        var folder = new RunFolder(_folder.File("diverged"));
        var configuration = Tiny("training.optimizer.learningRate=1e30", "training.maximumSkippedSteps=1");
        using (var run = TrainingRun.Start(configuration, Digits, folder))
        {
            string message = Assert.Throws<SereException>(() => run.Execute(TestContext.Current.CancellationToken)).Message;
            Assert.StartsWith("Training diverged", message, StringComparison.Ordinal);
        }

        using var model = TrainedModel.Load(folder.Root, CheckpointChoice.Last);
        Assert.All(
            model.Model.named_parameters().ToArray(),
            parameter => Assert.True(parameter.parameter.isfinite().all().item<bool>(), parameter.name));
    }

    [Fact]
    public void A_run_whose_bound_is_never_finite_has_nothing_to_report_and_says_so()
    {
        var folder = new RunFolder(_folder.File("never-finite"));
        var configuration = Tiny("training.optimizer.learningRate=1e30", "training.maximumSkippedSteps=1000");
        using (var run = TrainingRun.Start(configuration, Digits, folder))
        {
            string message = Assert.Throws<SereException>(() => run.Execute(TestContext.Current.CancellationToken)).Message;
            Assert.Contains("was not finite after any epoch", message, StringComparison.Ordinal);
        }

        Assert.False(File.Exists(folder.Report));
    }

    [Fact]
    public void Damaged_best_weights_do_not_keep_a_finished_run_from_its_report()
    {
        var folder = new RunFolder(_folder.File("damaged"));
        using (var run = TrainingRun.Start(Tiny(), Digits, folder))
        {
            run.Execute(TestContext.Current.CancellationToken);
        }

        File.WriteAllText(Path.Combine(folder.Checkpoints, "best.safetensors"), "no tensors");
        File.Delete(folder.Report);
        using (var run = TrainingRun.Resume(folder, folder.ReadConfiguration(), Digits))
        {
            run.Execute(TestContext.Current.CancellationToken);
        }

        Assert.True(File.Exists(folder.Report));
    }

    [Theory]
    [InlineData("1e308")]
    [InlineData("-1e308")]
    [InlineData("9e59")]
    [InlineData("-9e59")]
    [InlineData("1e-320")]
    [InlineData("2147483647")]
    [InlineData("\"NaN\"")]
    public void Extreme_figures_among_the_metrics_do_not_keep_a_run_from_its_report(string value)
    {
        var folder = new RunFolder(_folder.File("extreme"));
        using (var run = TrainingRun.Start(Tiny(), Digits, folder))
        {
            run.Train(TestContext.Current.CancellationToken);
        }

        string sound = File.ReadAllLines(folder.Metrics)[0];
        string[] names = [.. JsonNode.Parse(sound)!.AsObject().Select(member => member.Key)];
        Assert.InRange(names.Length, 12, 20);

        // Whole numbers and what is drawn one by one, as a line that cannot be read is left out, and the others together.
        string[] alone = ["step", "epoch", "skippedSteps", "elbo", "validationElbo"];
        Assert.Empty(alone.Except(names));

        // What is normal among held-out images does not depend on the metrics, and is left out.
        foreach (string[] some in (string[][])[.. alone.Select(name => new[] { name }), [.. names.Except(alone)]])
        {
            var line = JsonNode.Parse(sound)!.AsObject();
            foreach (string name in some)
            {
                line[name] = JsonNode.Parse(line[name] is JsonArray ? $"[{value}]" : value);
            }

            string extreme = line.ToJsonString();
            File.WriteAllLines(folder.Metrics, [extreme, extreme]);
            File.Delete(folder.Report);
            using var run = TrainingRun.Resume(folder, folder.ReadConfiguration(), Digits);
            run.Execute(scoreHeldOut: false, TestContext.Current.CancellationToken);
            Assert.True(File.Exists(folder.Report), string.Join(", ", some));
        }
    }

    [Fact]
    public void Damaged_metrics_do_not_keep_a_run_from_going_on()
    {
        var folder = new RunFolder(_folder.File("damaged-metrics"));
        using (var run = TrainingRun.Start(Tiny(), Digits, folder))
        {
            run.Execute(TestContext.Current.CancellationToken);
        }

        string[] lines = File.ReadAllLines(folder.Metrics);
        File.WriteAllLines(folder.Metrics, [lines[0], lines[1][..20]]);
        var observer = new RecordingRun();
        using (var run = TrainingRun.Resume(folder, folder.ReadConfiguration(), Digits, observer))
        {
            run.Execute(TestContext.Current.CancellationToken);
        }

        Assert.Contains("line 2 is not the sound JSON of an epoch", Assert.Single(observer.Warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.latents", "2", "3")]
    [InlineData("training.epochs", "2", "5")]
    [InlineData("training.optimizer.beta1", "0.9", "0.8")]
    public void A_configuration_that_was_edited_after_the_start_is_refused_by_the_difference(string path, string was, string now)
    {
        var folder = new RunFolder(_folder.File("edited"));
        using var stop = new CancellationTokenSource();
        using (var run = TrainingRun.Start(Tiny(), Digits, folder, observer: new RecordingRun { OnEpochEnd = stop.Cancel }))
        {
            Assert.Throws<OperationCanceledException>(() => run.Execute(stop.Token));
        }

        var edited = ConfigurationOverrides.Apply(folder.ReadConfiguration(), [$"{path}={now}"]);
        string message = Assert.Throws<SereException>(() => TrainingRun.Resume(folder, edited, Digits)).Message;
        Assert.Contains($"{path} is {was} there and {now} here", message, StringComparison.Ordinal);
        using (var run = TrainingRun.Resume(folder, folder.ReadConfiguration(), Digits))
        {
            run.Execute(TestContext.Current.CancellationToken);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Best_weights_that_are_gone_or_damaged_are_kept_anew_from_the_epochs_to_come(bool isDamaged)
    {
        var folder = new RunFolder(_folder.File("no-best"));
        string best = Path.Combine(folder.Checkpoints, "best.safetensors");
        using var stop = new CancellationTokenSource();
        var observer = new RecordingRun { OnEpochEnd = stop.Cancel };
        using (var run = TrainingRun.Start(Tiny("training.optimizer.learningRate=1e-9"), Digits, folder, observer: observer))
        {
            Assert.Throws<OperationCanceledException>(() => run.Execute(stop.Token));
        }

        File.Delete(best);
        if (isDamaged)
        {
            File.WriteAllText(best, "no tensors");
        }

        observer = new RecordingRun();
        using (var run = TrainingRun.Resume(folder, folder.ReadConfiguration(), Digits, observer))
        {
            run.Execute(TestContext.Current.CancellationToken);
        }

        // With this rate of learning the later epoch is worse than the one whose weights are lost.
        using (TrainedModel.Load(folder.Root))
        {
        }

        Assert.Contains("best weights", Assert.Single(observer.Warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_another_run_holds_is_refused_as_taken()
    {
        var folder = new RunFolder(_folder.File("held"));
        using var claim = folder.Claim();
        Assert.Throws<RunFolderTakenException>(() => TrainingRun.Start(Tiny(), Digits, folder));
    }

    [Fact]
    public void A_run_that_cannot_be_opened_lets_go_of_its_folder()
    {
        var folder = new RunFolder(_folder.File("unopened"));
        using (var run = TrainingRun.Start(Tiny("training.epochs=1"), Digits, folder))
        {
            run.Execute(TestContext.Current.CancellationToken);
        }

        foreach (string state in Directory.GetFiles(folder.Checkpoints, "*.json"))
        {
            File.WriteAllText(state, "{}");
        }

        Assert.Throws<SereException>(() => TrainingRun.Resume(folder, folder.ReadConfiguration(), Digits));
        folder.Claim().Dispose();
    }

    private static ExperimentConfiguration Tiny(params string[] overrides) => ConfigurationOverrides.Apply(
        Presets.Load("digits"),
        [
            "model.layers=2", "model.latents=2", "evidence.network.hidden=[4]", "prior.network.hidden=[4]",
            "bijector.network.hidden=[4]", "data.network.hidden=[4]", "training.epochs=2", "training.batchSize=10",
            "evaluation.importanceSamples=2", .. overrides,
        ]);
}
