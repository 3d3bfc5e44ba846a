using System.CommandLine;
using System.Globalization;
using Sere.Cli.Progress;
using Sere.Data;
using Sere.Evaluation;
using Sere.Runs;
using Sere.Storage;

namespace Sere.Cli.Commands;

/// <summary><c>sere score RUN --input DIR --out FILE.csv</c>: a log-likelihood for each image of one's own.</summary>
internal static class ScoreCommand
{
    public static Command Create(Terminal terminal, Interruption interruption)
    {
        var run = CommonOptions.Run();
        var checkpoint = CommonOptions.Checkpoint();
        var samples = CommonOptions.ImportanceSamples(100);
        var seed = CommonOptions.Seed("binarization and importance samples");
        var input = new Option<string>("--input")
        {
            Description = "A folder of PNG, JPEG or WebP images, or an IDX file (gzipped or not).",
            HelpName = "DIR|FILE",
            Required = true,
        };
        var output = new Option<string>("--out")
        {
            Description = "The scores.",
            HelpName = "FILE.csv",
            Required = true,
        };
        var resize = new Option<bool>("--resize") { Description = "Resize images of another size." };
        var gray = new Option<bool>("--gray") { Description = "Turn colour into grey." };
        var compute = new ComputeOptions();
        var command = new Command("score", "Give each image of a folder or file its log-likelihood, in nats, as CSV.")
        {
            run, input, output, samples, resize, gray, checkpoint, seed,
        };
        compute.AddTo(command);
        command.SetAction(parsed =>
        {
            int importanceSamples = parsed.Within(samples, 1, 1_000_000);
            string path = parsed.GetRequiredValue(output);
            CommonOptions.RequireFolderOf(path);
            var device = compute.Apply(parsed);
            using var model = TrainedModel.Load(
                parsed.GetRequiredValue(run), parsed.GetValue(checkpoint), device, terminal.Warn);
            string source = parsed.GetRequiredValue(input);
            var images = Read(source, parsed.GetValue(gray), parsed.GetValue(resize) ? model.Shape : null);
            RequireShape(source, images.Shape, model.Shape);
            var options = new EvaluationOptions
            {
                ImportanceSamples = importanceSamples,
                Seed = parsed.GetValue(seed),
            };
            var likelihoods = ImageProgress.Show(terminal, "scored", onImages => model.Score(
                images, options, done => onImages(done, images.Count), interruption.Listen()));
            AtomicFile.WriteAllText(path, Csv(images, likelihoods));
            terminal.Output.WriteLine(path);
        });
        return command;
    }

    private static ImageSet Read(string source, bool gray, ImageShape? resize) =>
        Directory.Exists(source) ? ImageFolderReader.Read(source, gray, resize)
        : File.Exists(source) ? IdxReader.ReadImages(source)
        : throw new SereException($"There is no folder or file '{source}'; check --input.");

    private static void RequireShape(string source, ImageShape given, ImageShape taken)
    {
        if (given == taken)
        {
            return;
        }

        string advice = !Directory.Exists(source) ? "bring them to that shape"
            : given.Channels > taken.Channels ? "give --gray to turn colour into grey"
            : given.Channels < taken.Channels ? "give colour images"
            : "give --resize to bring them to that size";
        throw new SereException(
            $"The images of '{source}' have the shape {given} (channels, height, width) and the model takes {taken}; {advice}.");
    }

    private static string Csv(ImageSet images, ImageLikelihoods likelihoods)
    {
        var lines = Enumerable.Range(0, images.Count).Select(image => string.Create(
            CultureInfo.InvariantCulture,
            $"{Quote(images.Names?[image] ?? $"{image}")},{likelihoods.LogLikelihood[image]:F4},"
            + $"{likelihoods.MonteCarloStandardError[image]:F4},{likelihoods.EffectiveSampleSize[image]:F2}\n"));
        return "image,log_likelihood,monte_carlo_standard_error,effective_sample_size\n" + string.Concat(lines);
    }

    private static string Quote(string name) => name.AsSpan().IndexOfAny(",\"\r\n") < 0
        ? name
        : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
