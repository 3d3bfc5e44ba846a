using System.Text.Json;
using Sere.Data;
using Sere.Evaluation;
using Sere.Runs;
using Sere.Runs.Configuration;
using Sere.Tests.Runs.Pictures;
using Xunit;

namespace Sere.Tests.Cli;

public sealed class TrainCommandTests : FolderTests
{
    private static readonly string[] MetricsOfTheDesign =
    [
        "step", "epoch", "beta", "learningRate", "elbo", "logLikelihoodTerm", "klPerLayer", "gradientNorm", "skippedSteps",
        "imagesPerSecond",
    ];

    private readonly TrainedRun _run;

    public TrainCommandTests(TrainedRun run)
    {
        _run = run;
    }

    [Fact]
    public void Training_says_what_it_found_and_chose_and_ends_with_what_was_learned()
    {
        string[] lines = _run.Training.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(
            $"{TrainedRun.Images} images, 28x28, black and white; preset digits (Bernoulli); 80 to train, 20 held out.",
            lines[0]);
        Assert.Matches(@"^(Learned: \d+\.\d\d nats an image above independent pixels; \d+ of 6 latent units are active|Nothing was learned: )", lines[^1]);
    }

    [Fact]
    public void A_run_leaves_its_configuration_and_its_exact_command()
    {
        var configuration = ConfigurationFile.Load(Path.Combine(_run.Root, "config.json"));
        Assert.Equal(new ImageShape(1, 28, 28), configuration.Dataset.Shape);
        Assert.Equal(TrainedRun.Epochs, configuration.Training.Epochs);
        Assert.Equal(20, configuration.Training.BatchSize);
        Assert.Equal("images:" + _run.ImageFolder, configuration.Dataset.Name);
        string command = File.ReadAllText(Path.Combine(_run.Root, "command.txt"));
        Assert.Equal("sere " + string.Join(' ', _run.Command("--run", _run.Root)) + "\n", command.Replace("'", "", StringComparison.Ordinal));
    }

    [Fact]
    public void A_run_leaves_a_line_of_metrics_for_each_epoch()
    {
        string[] lines = File.ReadAllLines(Path.Combine(_run.Root, "metrics.jsonl"));
        Assert.Equal(TrainedRun.Epochs, lines.Length);
        for (int epoch = 1; epoch <= lines.Length; epoch++)
        {
            using var json = JsonDocument.Parse(lines[epoch - 1]);
            var line = json.RootElement;
            string[] names = [.. line.EnumerateObject().Select(member => member.Name)];
            Assert.Equal(MetricsOfTheDesign, names.Take(MetricsOfTheDesign.Length));
            Assert.Equal(["validationElbo", "seconds"], names.Skip(MetricsOfTheDesign.Length));
            Assert.Equal(epoch, line.GetProperty("epoch").GetInt32());
            Assert.Equal(epoch * TrainedRun.StepsPerEpoch, line.GetProperty("step").GetInt32());
            double[] kl = [.. line.GetProperty("klPerLayer").EnumerateArray().Select(value => value.GetDouble())];
            Assert.Equal(TrainedRun.Layers, kl.Length);
            Assert.All(kl, value => Assert.True(value >= 0));
            Assert.Equal(
                line.GetProperty("logLikelihoodTerm").GetDouble() - kl.Sum(), line.GetProperty("elbo").GetDouble(), 1e-9);
        }
    }

    [Fact]
    public void A_run_leaves_checkpoints_and_the_best_weights()
    {
        string[] names = [.. Directory.GetFiles(Path.Combine(_run.Root, "checkpoints")).Select(Path.GetFileName).Order()!];
        Assert.Equal(
            [
                "best.safetensors",
                "step-000000004.json",
                "step-000000004.safetensors",
                "step-000000008.json",
                "step-000000008.safetensors",
            ],
            names);
    }

    [Theory]
    [InlineData("samples.png")]
    [InlineData("reconstructions.png")]
    [InlineData("learning-curve.png")]
    [InlineData("kl-per-layer.png")]
    public void A_run_leaves_pictures(string name)
    {
        using var picture = new DecodedPicture(Path.Combine(_run.Root, name));
        Assert.True(picture.Size is { Width: > 28, Height: > 28 });
    }

    [Fact]
    public void The_report_says_what_an_evaluation_of_the_run_says()
    {
        string report = File.ReadAllText(Path.Combine(_run.Root, "report.md"));
        using var model = TrainedModel.Load(_run.Root);
        var evaluation = SplitEvaluation.Evaluate(
            model,
            DatasetCatalog.Load(model.Configuration.Dataset.Name, null, TrainedRun.ValidationImages, 1),
            DataSplit.Test,
            null,
            new EvaluationOptions { ImportanceSamples = 5 },
            cancellation: TestContext.Current.CancellationToken);
        Assert.Contains($"| log p(x) >= | {evaluation.Report.LogLikelihood:F2} +- {evaluation.Report.StandardError:F2}", report);
        Assert.Contains($"log p(x) = | {evaluation.Baseline!.Mean:F2} nats |", report);
        Assert.Contains($"| ELBO | {evaluation.Report.Elbo:F2} nats |", report);
        Assert.Contains(File.ReadAllText(Path.Combine(_run.Root, "command.txt")), report);
        Assert.Contains("![samples](samples.png)", report);
    }

    [Fact]
    public void Progress_goes_to_standard_error_and_the_results_to_standard_output()
    {
        Assert.Contains("epoch 1/2", _run.Training.Error);
        Assert.Contains("epoch 2/2", _run.Training.Error);
        Assert.DoesNotContain("error:", _run.Training.Error);
        Assert.DoesNotContain("epoch", _run.Training.Output);
        Assert.Contains("log p(x) >=, 5 samples", _run.Training.Output);
        Assert.EndsWith(Path.Combine(_run.Root, "report.md") + "\n", _run.Training.Output);
    }

    [Fact]
    public void Without_a_folder_a_run_takes_the_first_name_that_is_free()
    {
        _run.Copy(_folder.File("runs/tiny"));
        string[] command = _run.Command("--set", "training.epochs=1", "--set", "name=tiny");

        // Two that start at once.
        using var first = BuiltProgram.Sere.Start(_folder.Path, command);
        using var second = BuiltProgram.Sere.Start(_folder.Path, command);
        string[] reports = [first.Finish().Done().Output, second.Finish().Done().Output];
        Assert.Contains(reports, report => report.EndsWith(Path.Combine("runs", "tiny-2", "report.md") + "\n", StringComparison.Ordinal));
        Assert.Contains(reports, report => report.EndsWith(Path.Combine("runs", "tiny-3", "report.md") + "\n", StringComparison.Ordinal));
        Assert.Equal(["runs"], _folder.FileNames());
        Assert.Equal(
            File.ReadAllBytes(_folder.File("runs/tiny-3/checkpoints/best.safetensors")),
            File.ReadAllBytes(_folder.File("runs/tiny-2/checkpoints/best.safetensors")));
    }

    [Fact]
    public void A_folder_that_holds_a_run_is_not_overwritten()
    {
        string before = File.ReadAllText(Path.Combine(_run.Root, "metrics.jsonl"));
        SereCommand.Run(_run.Command("--run", _run.Root)).Refused(2, $"'{_run.Root}'", "--resume", "--run");
        Assert.Equal(before, File.ReadAllText(Path.Combine(_run.Root, "metrics.jsonl")));
    }
}
