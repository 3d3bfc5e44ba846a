using System.CommandLine;
using System.Text.Json;
using Sere.Cli.Progress;
using Sere.Distributed;
using Sere.Evaluation;
using Sere.Runs;
using Spectre.Console;

namespace Sere.Cli.Commands;

/// <summary><c>sere evaluate RUN</c>: the log-likelihood of a split.</summary>
internal static class EvaluateCommand
{
    public static Command Create(Terminal terminal, Interruption interruption)
    {
        var options = new ModelOptions();
        var samples = CommonOptions.Value(
            "--importance-samples", "K", 1000, "Importance samples an image, K: more give a tighter bound and take longer.");
        var seed = CommonOptions.Seed("binarization and importance samples");
        var split = CommonOptions.Choice("--split", "Which images.", DataSplit.Test);
        var limit = CommonOptions.Value<int?>("--limit", "N", "Only the first N images of the split.");
        var json = CommonOptions.Json();
        var perImage = CommonOptions.Value<string?>(
            "--per-image", "FILE.csv", "Also write each image's figures, for paired comparisons between models.");
        var command = new Command("evaluate", "Evaluate a model: importance-weighted bound, ELBO, KL per layer, active units.")
        {
            options.Run, options.Checkpoint, split, samples, limit, seed, json, perImage, options.Dataset, options.DataFolder,
        };
        options.Compute.AddTo(command);
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(limit) is < 1)
            {
                throw new UsageException("--limit takes a number from 1 on.");
            }

            int importanceSamples = parsed.Within(samples, 1, 1_000_000);
            string? path = parsed.GetValue(perImage);
            if (path is not null)
            {
                CommonOptions.RequireOutput(perImage.Name, path, [".csv"]);
            }

            using var model = options.Load(parsed, terminal);
            var splits = options.LoadData(parsed, model);
            var how = new EvaluationOptions { ImportanceSamples = importanceSamples, Seed = parsed.GetValue(seed) };
            var group = ProcessGroup.OfProcess;
            if (group.Count > 1)
            {
                group.RequireSame(
                    ("weights", model.WeightsDigest()),
                    ("images", splits.Digest()),
                    ("command", $"{how} {parsed.GetValue(split)} {parsed.GetValue(limit)}"));
            }

            var evaluation = ImageProgress.Show(terminal, "evaluated", onImages => SplitEvaluation.Evaluate(
                model,
                splits,
                parsed.GetValue(split),
                parsed.GetValue(limit),
                how,
                onImages,
                group,
                interruption.Listen()));
            if (parsed.GetValue(json))
            {
                terminal.Output.WriteLine(JsonSerializer.Serialize(evaluation.Report, RunJson.Line));
            }
            else
            {
                Print(terminal, evaluation);
            }

            if (evaluation.Likelihoods.Caution is { } caution)
            {
                terminal.Warn(caution);
            }

            if (path is not null && group.IsFirst)
            {
                ScoreTable.Write(path, evaluation.Likelihoods, model.Binarization);
            }
        });
        return command;
    }

    /// <summary>The figures as a table.</summary>
    public static void Print(Terminal terminal, SplitEvaluation evaluation)
    {
        var report = evaluation.Report;
        var table = new Table().Border(TableBorder.Rounded)
            .Title(Markup.Escape($"{report.Model}: {report.Images} {report.Split} images of {report.Dataset}"))
            .AddColumn("figure").AddColumn(new TableColumn("value").RightAligned());
        string error = report.StandardError is { } value ? $" ± {value:F2}" : "";
        bool hasLatents = report.KlPerLayer.Count > 0;
        table.AddRow(
            $"log p(x) {(report.IsBound ? ">=" : "=")}{(hasLatents ? $", {report.ImportanceSamples} samples" : "")}",
            $"{report.LogLikelihood:F2}{error} nats");
        if (report.ParetoShape is { } shape)
        {
            table.AddRow("Monte-Carlo error of that", $"{report.MonteCarloError:F2} nats");
            table.AddRow("Pareto shape k, median", $"{shape:F2}");
        }

        table.AddRow("space of log p(x)", report.Space);
        if (hasLatents)
        {
            table.AddRow("ELBO", $"{report.Elbo:F2} nats");
        }

        if (evaluation.Baseline is { } baseline)
        {
            table.AddRow("log p(x) of independent pixels", $"{baseline.Mean:F2} nats");
        }

        if (report.BitsPerDim is { } bits)
        {
            table.AddRow($"bits/dim of the pixels{(report.BitsPerDimIsBound == true ? " <=" : "")}", $"{bits:F4}");
        }

        if (hasLatents)
        {
            string kl = string.Join(' ', report.KlPerLayer.Select(value => $"{value:F1}"));
            table.AddRow(report.KlIsEstimated ? "KL per layer (estimated)" : "KL per layer", $"{kl} nats");
            table.AddRow("active units", $"{report.ActiveUnits} of {evaluation.Usage.Activity.Count}");
        }

        table.AddRow("seconds", $"{report.Seconds:F1}");
        terminal.Results.Write(table);
    }
}
