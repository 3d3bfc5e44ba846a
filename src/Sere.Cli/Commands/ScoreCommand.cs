using System.CommandLine;
using Sere.Cli.Progress;
using Sere.Data;
using Sere.Distributed;
using Sere.Evaluation;
using Sere.Runs;
using Sere.Runs.Pictures;
using Sere.Storage;
using Spectre.Console;

namespace Sere.Cli.Commands;

/// <summary>
/// <c>sere score RUN --input DIR --out FILE.csv</c>: a log-likelihood and a verdict for each image of one's own.
/// </summary>
internal sealed class ScoreCommand(Terminal terminal, Interruption interruption)
{
    /// <summary>What a false-positive rate may be, in words.</summary>
    public const string Rates = "0.0001 to 0.5";

    private const string StandardOutput = "-";

    private readonly ModelOptions _options = new();
    private readonly Option<int?> _samples = CommonOptions.Value<int?>(
        "--importance-samples", "K", "Importance samples an image, K; by default those of the run's own evaluation.");

    private readonly Option<long> _seed = CommonOptions.Seed("binarization and importance samples");
    private readonly Option<string?> _output = CommonOptions.Value<string?>(
        "--out", "FILE.csv|-", "The scores; - for standard output.");

    private readonly Option<double> _rate = new("--false-positive-rate")
    {
        HelpName = "F",
        Description = "The share of normal images that may be flagged.",
        DefaultValueFactory = _ => TrainedModel.UsualFalsePositiveRate,
        CustomParser = CommonOptions.ParseNumber,
    };

    private readonly Option<string?> _labels = CommonOptions.Value<string?>(
        "--labels",
        "FILE.csv",
        "Lines IMAGE,LABEL, where ok, good, normal, pass and 0 are normal: says how well each column tells the others apart. "
        + "Subfolders of those names in --input do the same.");

    private readonly Option<string?> _maps = CommonOptions.Value<string?>(
        "--maps", "DIR", "Write where each image is strange: a picture and a .npy file for each.");

    private readonly Option<string?> _report = CommonOptions.Value<string?>(
        "--report", "DIR", "Write report.html: the verdict, the most suspicious images, the ROC curve of labelled ones.");

    private readonly Option<bool> _exitCode = CommonOptions.Flag(
        "--exit-code", "End with code 3 where an image is flagged.");

    private readonly Option<bool> _json = CommonOptions.Json();

    public static Command Create(Terminal terminal, Interruption interruption)
    {
        var score = new ScoreCommand(terminal, interruption);
        var options = score._options;
        var command = new Command(
            "score", "Give each image a verdict: its log-likelihood, how novel it is, and whether it is flagged.")
        {
            options.Run, options.Input, score._output, score._rate, score._labels, score._maps, score._report, score._exitCode,
            score._json, score._samples, options.Resize, options.Gray, options.Checkpoint, score._seed, options.Dataset,
            options.DataFolder,
        };
        options.Compute.AddTo(command);
        command.SetAction(score.Execute);
        return command;
    }

    /// <summary>Whether thresholds of such a false-positive rate mean something.</summary>
    public static bool IsRate(double rate) => rate is >= 0.0001 and <= 0.5;

    private int Execute(ParseResult parsed)
    {
        int? importanceSamples = parsed.Within(_samples, 1, 1_000_000);
        double rate = parsed.GetValue(_rate);
        if (!IsRate(rate))
        {
            throw new UsageException($"--false-positive-rate {rate} is out of range; give a number from {Rates}, such as 0.01.");
        }

        string input = parsed.GetRequiredValue(_options.Input);
        string? path = Output(parsed, input);
        using var model = _options.Load(parsed, terminal);
        var images = _options.Read(parsed, model, input, terminal);
        bool[]? isNormal = parsed.GetValue(_labels) is { } labels
            ? ImageLabels.OfTable(labels, images)
            : ImageLabels.OfFolders(images);
        var how = new EvaluationOptions
        {
            ImportanceSamples = importanceSamples ?? model.Configuration.Evaluation.ImportanceSamples,
            Seed = parsed.GetValue(_seed),
        };
        bool isJudged = FindNormal(parsed, model);
        if (!isJudged && (parsed.GetValue(_maps) ?? parsed.GetValue(_report)) is not null)
        {
            _ = model.Normal;
        }

        var group = ProcessGroup.OfProcess;
        if (group.Count > 1)
        {
            group.RequireSame(
                ("weights", model.WeightsDigest()),
                ("images", ContentDigest.OfTensors([("images", images.ToTensor())])),
                ("command", $"{how} {rate} {isJudged}"));
        }

        var shared = new SharedScores(model, images, group);
        var likelihoods = ImageProgress.Show(
            terminal, "scored", onImages => shared.Score(how, onImages, interruption.Listen()));
        var verdicts = isJudged
            ? ImageProgress.Show(terminal, "judged", onImages => shared.Verdict(rate, onImages, interruption.Listen()))
            : null;
        var scored = new ScoredImages(
            images.Names ?? [.. Enumerable.Range(0, images.Count).Select(image => $"{image}")], likelihoods, verdicts)
        {
            Binarization = model.Binarization,
            HeldOut = HeldOut(parsed, model, how),
            Threshold = isJudged ? model.Threshold(rate) : null,
            IsNormal = isNormal,
        };
        if (group.IsFirst)
        {
            Warn(scored);
            Write(parsed, path, scored);
            WritePictures(parsed, model, images, scored);
        }

        return parsed.GetValue(_exitCode) && scored.Flagged > 0 ? ExitCode.Flagged : ExitCode.Done;
    }

    private string? Output(ParseResult parsed, string input)
    {
        string? path = parsed.GetValue(_output);
        if (path is null && !parsed.GetValue(_json) && (parsed.GetValue(_maps) ?? parsed.GetValue(_report)) is null)
        {
            throw new UsageException("Say where the scores go: --out FILE.csv, --out - for standard output, --json or --report DIR.");
        }

        if (IsStandard(path) && parsed.GetValue(_json))
        {
            throw new UsageException("--json and --out - exclude each other; both write to standard output.");
        }

        if (path is not null && !IsStandard(path))
        {
            CommonOptions.RequireOutput(_output.Name, path, [".csv"], input);
        }

        foreach (var option in (Option<string?>[])[_maps, _report])
        {
            if (parsed.GetValue(option) is { } folder)
            {
                CommonOptions.RequireFolder(option.Name, folder, input);
            }
        }

        return path;
    }

    /// <summary>Whether there are figures of normal images: kept by the run, or measured where its data are to be had.</summary>
    private bool FindNormal(ParseResult parsed, TrainedModel model)
    {
        if (model.HasNormal)
        {
            return true;
        }

        if (OfData(parsed, model, "there is no verdict") is { } splits)
        {
            try
            {
                model.Normal = ImageProgress.Show(terminal, "examined, held out", onImages => NormalImages.Measure(
                    model, splits, onImages, interruption.Listen()));
            }
            catch (SereException error)
            {
                terminal.Warn($"There is no verdict: {error.Message}");
            }
        }

        return model.HasNormal;
    }

    /// <summary>Kept scores of held-out images, or measured ones; null, with a warning, where their data is not to be had.</summary>
    private HeldOutScores? HeldOut(ParseResult parsed, TrainedModel model, EvaluationOptions options)
    {
        var folder = RunFolder.Existing(parsed.GetRequiredValue(_options.Run));
        return HeldOutScores.Find(folder, model, options) is { } kept ? kept
            : OfData(parsed, model, "there are no percentiles of log-likelihoods") is { } splits
                ? ImageProgress.Show(terminal, "scored, held out", onImages => HeldOutScores.Measure(
                    model, splits.Validation, options, onImages, interruption.Listen()))
            : null;
    }

    private DatasetSplits? OfData(ParseResult parsed, TrainedModel model, string otherwise)
    {
        try
        {
            return _options.LoadData(parsed, model);
        }
        catch (SereException error)
        {
            terminal.Warn($"The run's held-out images cannot be scored, so that {otherwise}: {error.Message}");
            return null;
        }
    }

    private void Warn(ScoredImages scored)
    {
        if (scored.HeldOut?.LogLikelihood.Count is { } count and < HeldOutScores.FewImages)
        {
            terminal.Warn($"The percentiles are coarse, because they are places among {count} held-out images alone.");
        }

        if (scored.Likelihoods.Caution is { } caution)
        {
            terminal.Warn(caution);
        }
    }

    private void Write(ParseResult parsed, string? path, ScoredImages scored)
    {
        if (parsed.GetValue(_json))
        {
            terminal.Output.WriteLine(scored.ToJson().ToJsonString());
        }

        if (IsStandard(path))
        {
            terminal.Output.Write(scored.ToCsv());
        }
        else if (path is not null)
        {
            AtomicFile.WriteAllText(path, scored.ToCsv());
        }

        if (scored.Sentence is { } sentence)
        {
            terminal.Say(sentence);
        }

        if (parsed.GetValue(_json) || IsStandard(path))
        {
            return;
        }

        if (scored.IsNormal is not null)
        {
            var table = new Table().Border(TableBorder.Rounded).AddColumn("column")
                .AddColumn(new TableColumn("area under the ROC curve").RightAligned())
                .AddColumn(new TableColumn("average precision").RightAligned());
            foreach (var quality in scored.Qualities)
            {
                table.AddRow(
                    quality.Column,
                    $"{quality.Area:F3} ({quality.AreaLow:F3} to {quality.AreaHigh:F3})",
                    $"{quality.AveragePrecision:F3} ({quality.PrecisionLow:F3} to {quality.PrecisionHigh:F3})");
            }

            terminal.Results.Write(table);
        }

        if (path is not null)
        {
            terminal.Output.WriteLine(path);
        }
    }

    private void WritePictures(ParseResult parsed, TrainedModel model, ImageSet images, ScoredImages scored)
    {
        if (scored.Verdicts is not { } verdicts)
        {
            return;
        }

        if (parsed.GetValue(_maps) is { } maps)
        {
            SurpriseMapFiles.Write(maps, model, images, verdicts);
            Say(maps);
        }

        if (parsed.GetValue(_report) is { } report)
        {
            Say(VerdictPage.Write(report, model, images, scored, model.Normal.Novelties));
        }

        void Say(string path)
        {
            if (!parsed.GetValue(_json) && !IsStandard(parsed.GetValue(_output)))
            {
                terminal.Output.WriteLine(path);
            }
        }
    }

    private static bool IsStandard(string? path) => string.Equals(path, StandardOutput, StringComparison.Ordinal);
}
