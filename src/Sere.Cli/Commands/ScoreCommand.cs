using System.CommandLine;
using Sere.Cli.Progress;
using Sere.Data;
using Sere.Evaluation;
using Sere.Runs;

namespace Sere.Cli.Commands;

/// <summary><c>sere score RUN --input DIR --out FILE.csv</c>: a log-likelihood for each image of one's own.</summary>
internal static class ScoreCommand
{
    public static Command Create(Terminal terminal, Interruption interruption)
    {
        var options = new ModelOptions();
        var samples = CommonOptions.Value<int?>(
            "--importance-samples", "K", "Importance samples an image, K; by default those of the run's own evaluation.");
        var seed = CommonOptions.Seed("binarization and importance samples");
        var output = CommonOptions.Required<string>("--out", "FILE.csv", "The scores.");
        var command = new Command(
            "score", "Give each image its log-likelihood in nats and its percentile among held-out images, as CSV.")
        {
            options.Run, options.Input, output, samples, options.Resize, options.Gray, options.Checkpoint, seed, options.Dataset,
            options.DataFolder,
        };
        options.Compute.AddTo(command);
        command.SetAction(parsed =>
        {
            int? importanceSamples = parsed.Within(samples, 1, 1_000_000);
            string path = parsed.GetRequiredValue(output);
            string input = parsed.GetRequiredValue(options.Input);
            CommonOptions.RequireOutput(output.Name, path, [".csv"], input);
            using var model = options.Load(parsed, terminal);
            var images = options.Read(parsed, model, input, terminal);
            var how = new EvaluationOptions
            {
                ImportanceSamples = importanceSamples ?? model.Configuration.Evaluation.ImportanceSamples,
                Seed = parsed.GetValue(seed),
            };
            var likelihoods = ImageProgress.Show(terminal, "scored", onImages => model.Score(
                images, how, done => onImages(done, images.Count), interruption.Listen()));
            var folder = RunFolder.Existing(parsed.GetRequiredValue(options.Run));
            var heldOut = HeldOut(terminal, interruption, folder, model, how, () => options.LoadData(parsed, model));
            if (heldOut?.LogLikelihood.Count is { } count and < HeldOutScores.FewImages)
            {
                terminal.Warn($"The percentiles are coarse, because they are places among {count} held-out images alone.");
            }

            if (likelihoods.Caution is { } caution)
            {
                terminal.Warn(caution);
            }

            ScoreTable.WriteWithPercentiles(path, images.Names, likelihoods, model.Binarization, heldOut);
            terminal.Output.WriteLine(path);
        });
        return command;
    }

    /// <summary>Kept scores of held-out images, or measured ones; null, with a warning, where their data is not to be had.</summary>
    private static HeldOutScores? HeldOut(
        Terminal terminal,
        Interruption interruption,
        RunFolder folder,
        TrainedModel model,
        EvaluationOptions options,
        Func<DatasetSplits> load)
    {
        if (HeldOutScores.Find(folder, model, options) is { } kept)
        {
            return kept;
        }

        DatasetSplits splits;
        try
        {
            splits = load();
        }
        catch (SereException error)
        {
            terminal.Warn($"There are no percentiles, because the run's held-out images cannot be scored: {error.Message}");
            return null;
        }

        return ImageProgress.Show(terminal, "scored, held out", onImages => HeldOutScores.Measure(
            model, splits.Validation, options, onImages, interruption.Listen()));
    }
}
