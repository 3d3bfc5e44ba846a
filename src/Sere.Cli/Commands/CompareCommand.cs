using System.CommandLine;
using System.Runtime.InteropServices;
using Sere.Cli.Progress;
using Sere.Distributed;
using Sere.Runs;
using Sere.Runs.Comparison;
using Spectre.Console;
using TorchSharp;

namespace Sere.Cli.Commands;

/// <summary><c>sere compare</c>: several models under one budget and one evaluation, in one table.</summary>
internal sealed class CompareCommand(Terminal terminal, Interruption interruption)
{
    private const string ComparisonsFolder = "comparisons";

    // A terminal of 80 columns has no room for them.
    private static readonly string[] LeftToTheFile = ["parameters", "latents", "ELBO", "KL per layer", "active units"];
    private readonly ComputeOptions _compute = new();
    private readonly Option<string?> _dataFolder = CommonOptions.DataFolder();
    private readonly Option<string> _suite = CommonOptions.Required<string>(
        "--suite", "NAME|FILE", $"What to compare: one of {string.Join(", ", Suites.Names)}, or a JSON file.")
        .Offering(Suites.Names);

    private readonly Option<int?> _epochs = CommonOptions.Value<int?>("--epochs", "N", "Epochs of every row; else the suite's.");
    private readonly Option<long?> _seed = CommonOptions.Value<long?>(
        "--seed", "S", "Seed of every row; else that of the reference's configuration.");

    private readonly Option<string?> _out = CommonOptions.Value<string?>(
        "--out", "DIR", "The folder to make or to go on in; by default comparisons/SUITE.");

    private readonly Option<int?> _samples = CommonOptions.Value<int?>(
        "--importance-samples", "K", "Importance samples an image in the evaluation, K; else the suite's.");

    private readonly Option<int?> _limit = CommonOptions.Value<int?>(
        "--limit", "N", "Evaluate only the first N test images; else as the suite says.");

    private readonly Option<bool> _json = CommonOptions.Json();

    public static Command Create(Terminal terminal, Interruption interruption)
    {
        var compare = new CompareCommand(terminal, interruption);
        var command = new Command(
            "compare", "Train and evaluate the models of a suite alike, and write one table; goes on where it was stopped.")
        {
            compare._suite, compare._epochs, compare._seed, compare._samples, compare._limit, compare._out,
            compare._dataFolder, compare._json,
        };
        compare._compute.AddTo(command);
        command.SetAction(compare.Execute);
        return command;
    }

    private void Execute(ParseResult parsed)
    {
        var (suite, folder) = Suites.Load(parsed.GetRequiredValue(_suite));
        var plan = ComparisonPlan.Create(suite, folder, new ComparisonOptions
        {
            Epochs = parsed.Within(_epochs, 1, 1_000_000_000),
            Seed = parsed.GetValue(_seed),
            ImportanceSamples = parsed.Within(_samples, 1, 1_000_000),
            Limit = parsed.Within(_limit, 1, 1_000_000_000),
        });
        var output = new ComparisonFolder(parsed.GetValue(_out) ?? Path.Combine(ComparisonsFolder, suite.Name));
        var device = _compute.Apply(parsed, terminal);
        var stopping = interruption.Listen();
        if (Run(parsed, plan, output, device, stopping) is not { } report)
        {
            return;
        }

        if (parsed.GetValue(_json))
        {
            terminal.Output.WriteLine(report.ToJson());
            return;
        }

        Print(report);
        terminal.Output.WriteLine(output.Markdown);
    }

    private ComparisonReport? Run(
        ParseResult parsed, ComparisonPlan plan, ComparisonFolder output, torch.Device device, CancellationToken stopping)
    {
        try
        {
            var splits = RunDataset.Load(plan.Reference.Configuration, parsed.GetValue(_dataFolder));
            return SuiteComparison
                .Open(
                    plan,
                    splits,
                    output,
                    new PlainRunObserver(terminal),
                    ShellText.OfProcess(),
                    device,
                    ProcessGroup.OfProcess)
                .Execute(stopping);
        }
        catch (OperationCanceledException error)
        {
            throw new OperationCanceledException(
                $"Interrupted; go on with: {Again(parsed, output)}", error, error.CancellationToken);
        }
        catch (SereException error) when (error.InnerException is IOException or ExternalException)
        {
            throw new SereException($"{error.Message} Then go on with: {Again(parsed, output)}", error);
        }
    }

    private string Again(ParseResult parsed, ComparisonFolder output)
    {
        IEnumerable<string> Given<T>(Option<T> option) => parsed.GetValue(option) is { } value && $"{value}" is { Length: > 0 } text
            ? [option.Name, ShellText.Quote(text)]
            : [];
        return string.Join(
            ' ',
            [
                "sere compare", .. Given(_suite), .. Given(_epochs), .. Given(_seed), .. Given(_samples), .. Given(_limit),
                .. Given(_dataFolder), _out.Name, ShellText.Quote(output.Root),
            ]) + _compute.Given(parsed);
    }

    private void Print(ComparisonReport report)
    {
        var table = new Table().Border(TableBorder.Rounded)
            .Title(Markup.Escape($"{report.Suite}: {report.Images} test images of {report.Dataset}, nats"));
        var headings = ComparisonTable.Headings(report);
        int[] shown =
        [
            .. Enumerable.Range(0, headings.Count)
                .Where(column => !LeftToTheFile.Contains(headings[column], StringComparer.Ordinal)
                    && (report.Defects is null || headings[column] is not "step time")),
        ];
        foreach (int column in shown)
        {
            var added = new TableColumn(Markup.Escape(headings[column]));
            if (column == 0 || report.Defects is null)
            {
                added.NoWrap();
            }

            table.AddColumn(column == 0 ? added : added.RightAligned());
        }

        foreach (var row in report.Rows)
        {
            var cells = ComparisonTable.Cells(report, row);
            table.AddRow([.. shown.Select(column => Markup.Escape(cells[column]))]);
        }

        terminal.Results.Write(table);
    }
}
