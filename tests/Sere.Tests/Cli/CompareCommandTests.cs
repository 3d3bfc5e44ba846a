using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Sere.Tests.Cli;

public sealed class CompareCommandTests : FolderTests
{
    private readonly TrainedRun _run;

    public CompareCommandTests(TrainedRun run)
    {
        _run = run;
    }

    [Fact]
    public void A_suite_ends_in_a_table_and_is_not_run_again()
    {
        string suite = WriteSuite(epochs: 2);
        string output = _folder.File("out");
        var result = SereCommand.Run(Command(suite, output)).Done();
        Assert.EndsWith(Path.Combine(output, "comparison.md") + "\n", result.Output, StringComparison.Ordinal);
        foreach (string name in (string[])["comparison.md", "comparison.csv", "comparison.json", "comparison.png", "learning-curves.png", "learning-curves-time.png", "suite.json", "command.txt"])
        {
            Assert.True(new FileInfo(Path.Combine(output, name)).Length > 0, name);
        }

        JsonObject report = Report(output);
        Assert.Equal(["sere", "weighted", "dlgm", "pixels"], Rows(report).Select(row => row["model"]!.GetValue<string>()));
        Assert.Equal((2, 20, 5, 8), (
            report["epochs"]!.GetValue<int>(), report["batchSize"]!.GetValue<int>(),
            report["importanceSamples"]!.GetValue<int>(), report["images"]!.GetValue<int>()));
        double[] reference = PerImage(output, "sere");
        Assert.Equal(8, reference.Length);
        foreach (JsonObject row in Rows(report))
        {
            double[] values = PerImage(output, row["model"]!.GetValue<string>());
            Assert.Equal(values.Average(), row["logLikelihood"]!.GetValue<double>(), 1e-9);
            Assert.True(row["elbo"]!.GetValue<double>() <= row["logLikelihood"]!.GetValue<double>());
            if (row["difference"] is null)
            {
                Assert.Equal("sere", row["model"]!.GetValue<string>());
                continue;
            }

            double[] differences = [.. values.Zip(reference, (value, one) => value - one)];
            double mean = differences.Average();
            double error = Math.Sqrt(differences.Sum(value => (value - mean) * (value - mean)) / 7 / 8);
            Assert.Equal(mean, row["difference"]!.GetValue<double>(), 1e-9);
            Assert.Equal(error, row["differenceStandardError"]!.GetValue<double>(), 1e-9);
        }

        // Trivial pixels have no steps; four lines and a header are the table.
        Assert.Equal(1, Rows(report)[0]["relativeStepTime"]!.GetValue<double>());
        Assert.Null(Rows(report)[3]["relativeStepTime"]);
        Assert.False(Rows(report)[3]["isBound"]!.GetValue<bool>());
        Assert.Equal(5, File.ReadAllLines(Path.Combine(output, "comparison.csv")).Length);
        Assert.Equal(6, File.ReadAllLines(Path.Combine(output, "comparison.md")).Count(line => line.StartsWith('|')));

        // Without images with defects nothing speaks of them.
        foreach (string name in (string[])["comparison.md", "comparison.csv", "comparison.json", "suite.json", "rows/sere/result.json", "rows/pixels/result.json"])
        {
            Assert.DoesNotMatch("area|defect|detection", File.ReadAllText(Path.Combine(output, name)));
        }

        string table = File.ReadAllText(Path.Combine(output, "comparison.json"));
        var again = SereCommand.Run([.. Command(suite, output), "--json"]).Done();
        Assert.Equal(4, again.Error.Split('\n').Count(line => line.EndsWith(" (done)", StringComparison.Ordinal)));
        Assert.DoesNotContain("epoch", again.Error);
        Assert.Equal(table, again.Output);

        SereCommand.Run([.. Command(suite, output), "--epochs", "3"])
            .Refused(2, $"'{Path.Combine(output, "suite.json")}'", "rows.sere.training.epochs is 2 there and 3 here", "--out");
        SereCommand.Run([.. Command(suite, output), "--limit", "4"]).Refused(2, "evaluation.limit is 8 there and 4 here");
        RequireRepair(suite, output, table);
    }

    // Seen to fail with: the log-determinant left out, and one of all test images for the few that are scored.
    [Fact]
    public void A_suite_of_flows_gives_the_bits_of_the_pixels_of_each_row()
    {
        string suite = _folder.File("flows.json");
        File.WriteAllText(suite, JsonSerializer.Serialize(new
        {
            name = "flows",
            reference = "maf",
            epochs = 1,
            batchSize = 20,
            evaluation = new { importanceSamples = 1, limit = 8 },
            overrides = (string[])
            [
                "dataset.name=images:" + _run.ImageFolder, "dataset.trainingImages=null", "dataset.validationImages=10",
                "flow.network.hidden=[8]", "flow.steps=2",
            ],
            rows = (object[])
            [
                new { name = "maf", preset = "cifar10-maf-small" },
                new { name = "full-gaussian", baseline = "full-gaussian" },
            ],
        }));
        string output = _folder.File("out");
        SereCommand.Run(Command(suite, output)).Done();
        JsonObject[] rows = Rows(Report(output));
        Assert.All(rows, row => Assert.True(row["bitsPerDimIsBound"]!.GetValue<bool>()));
        double bits = rows[0]["bitsPerDim"]!.GetValue<double>();
        Assert.Contains(
            string.Create(CultureInfo.InvariantCulture, $"| bits/dim of the pixels <= | {bits:F4} |"),
            File.ReadAllText(Path.Combine(output, "rows", "maf", "report.md")),
            StringComparison.Ordinal);

        // In one space nats and bits differ by a constant and a factor.
        double nats = rows[1]["difference"]!.GetValue<double>();
        double ratio = (bits - rows[1]["bitsPerDim"]!.GetValue<double>()) / nats;
        Assert.Equal(1, Math.Round(1 / (ratio * Math.Log(2))) * ratio * Math.Log(2), 1e-9);
        Assert.Contains(
            string.Create(CultureInfo.InvariantCulture, $"(<= {bits:F3} bits/dim)"),
            File.ReadAllText(Path.Combine(output, "comparison.md")),
            StringComparison.Ordinal);
    }

    // The tiny models find nothing, and the principal components of 8 x 8 pixels little; that figures are there, and are
    // those of the rows, is what is shown.
    [Fact]
    public void A_suite_of_images_with_defects_says_how_well_each_row_finds_them()
    {
        string suite = _folder.File("parts.json");
        File.WriteAllText(suite, JsonSerializer.Serialize(new
        {
            name = "tiny-parts",
            reference = "grey",
            epochs = 1,
            batchSize = 20,
            evaluation = new { importanceSamples = 2, limit = 10 },
            overrides = (string[])
            [
                "dataset.resize={\"width\":8,\"height\":8}", "dataset.trainingImages=40", "dataset.validationImages=10", "model.latents=2", "evidence.network.widths=[2]",
                "prior.network.hidden=[4]", "bijector.network.hidden=[4]", "data.network.widths=[2]", "data.mixtures=1",
            ],
            rows = (object[])
            [
                new { name = "grey", preset = "grey" },
                new { name = "pca", baseline = "pca" },
                new { name = "mixture", baseline = "channel-logistic-mixture" },
            ],
        }));
        string output = _folder.File("out");
        SereCommand.Run(Command(suite, output)).Done();
        JsonObject report = Report(output);
        Assert.Equal(10, report["defects"]!.GetValue<int>());
        JsonObject[] rows = Rows(report);
        double[] areas = [.. rows.Select(row => row["detection"]!["area"]!.GetValue<double>())];
        Assert.All(rows, row => Assert.InRange(
            row["detection"]!["area"]!.GetValue<double>(),
            row["detection"]!["low"]!.GetValue<double>(),
            row["detection"]!["high"]!.GetValue<double>()));
        string[] lines = File.ReadAllLines(Path.Combine(output, "comparison.csv"));
        Assert.EndsWith(",area,area_low,area_high", lines[0], StringComparison.Ordinal);
        Assert.Equal(areas, lines.Skip(1).Select(line => double.Parse(line.Split(',')[^3], CultureInfo.InvariantCulture)));
        string table = File.ReadAllText(Path.Combine(output, "comparison.md"));
        Assert.Contains("| active units | area |", table, StringComparison.Ordinal);
        Assert.Contains("of 10 images with a defect", table, StringComparison.Ordinal);

        // The components know what one distribution of all pixels does not, and their bound is called one.
        Assert.True(rows[1]["isBound"]!.GetValue<bool>() && !rows[2]["isBound"]!.GetValue<bool>());
        Assert.True(rows[1]["logLikelihood"]!.GetValue<double>() > rows[2]["logLikelihood"]!.GetValue<double>());
        Assert.Equal(
            rows[2]["logLikelihood"]!.GetValue<double>(), PerImage(output, "mixture").Average(), 1e-9);
    }

    [Fact]
    public void A_stopped_comparison_goes_on_to_the_same_table()
    {
        string suite = WriteSuite(epochs: 4);
        string whole = _folder.File("whole");
        SereCommand.Run(Command(suite, whole)).Done();

        string stopped = _folder.File("stopped");
        Interrupt(suite, stopped, "epoch 3/");
        Interrupt(suite, stopped, "row 2/4: weighted");
        using (var program = BuiltProgram.Sere.Start(_folder.Path, Command(suite, stopped)))
        {
            program.WaitForError("row 3/4: dlgm");
            program.Kill();
            program.Finish();
        }

        Assert.False(File.Exists(Path.Combine(stopped, "comparison.md")));
        SereCommand.Run(Command(suite, stopped)).Done();
        Assert.Equal(WithoutTimes(Report(whole)), WithoutTimes(Report(stopped)));
    }

    [Fact]
    public void Wrong_names_end_with_exit_code_2()
    {
        SereCommand.Run("compare").Refused(2, "--suite");
        SereCommand.Run("compare", "--suite", "digit").Refused(2, "did you mean \"digits\"?", "the suites are");
        SereCommand.Run("compare", "--suite", "digits", "--epochs", "0").Refused(2, "--epochs 0 is out of range");
        SereCommand.Run("compare", "--suite", _folder.File("none.json")).Refused(1, "There is no suite file");
        string other = _folder.File("other");
        Directory.CreateDirectory(other);
        File.WriteAllText(Path.Combine(other, "letter.txt"), "dear");
        SereCommand.Run("compare", "--suite", "digits", "--out", other).Refused(2, $"'{other}' holds other files");
        Assert.Equal(["letter.txt"], Directory.GetFileSystemEntries(other).Select(Path.GetFileName));
    }

    /// <summary>Damage of a row's figures is repaired from its weights; damage of its configuration is named.</summary>
    private static void RequireRepair(string suite, string output, string table)
    {
        string row = Path.Combine(output, "rows", "dlgm");
        File.AppendAllText(Path.Combine(row, "per-image.csv"), "9,0,0\n");
        var repaired = SereCommand.Run(Command(suite, output)).Done();
        Assert.Contains("The figures of the row 'dlgm' are damaged, so it is evaluated again", repaired.Error);
        Assert.DoesNotContain("epoch 1/", repaired.Error);
        Assert.Equal(table, File.ReadAllText(Path.Combine(output, "comparison.json")));

        File.WriteAllText(Path.Combine(row, "result.json"), "{");
        File.WriteAllText(Path.Combine(row, "config.json"), "{");
        var failed = SereCommand.Run(Command(suite, output));
        Assert.Equal(1, failed.ExitCode);
        Assert.Contains("error: 1 of 4 rows failed, first 'dlgm': The configuration of the run is damaged", failed.Error);
        Assert.Contains($"remove '{row}'", failed.Error);
        JsonObject report = Report(output);
        Assert.Equal(3, Rows(report).Length);
        Assert.Equal("dlgm", report["failed"]![0]!["model"]!.GetValue<string>());

        Directory.Delete(row, recursive: true);
        SereCommand.Run(Command(suite, output)).Done();
        Assert.Equal(WithoutTimes(JsonNode.Parse(table)!.AsObject()), WithoutTimes(Report(output)));
    }

    private static void Interrupt(string suite, string output, string at)
    {
        var result = SereCommand.Interrupt(at, Command(suite, output));
        Assert.Equal(130, result.ExitCode);
        Assert.Equal(
            $"Interrupted; go on with: sere compare --suite {suite} --out {output} --threads 1",
            result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1]);
    }

    private static string[] Command(string suite, string output) => ["compare", "--suite", suite, "--out", output, "--threads", "1"];

    private string WriteSuite(int epochs)
    {
        string path = _folder.File("suite.json");
        File.WriteAllText(path, JsonSerializer.Serialize(new
        {
            name = "tiny",
            reference = "sere",
            epochs,
            batchSize = 20,
            evaluation = new { importanceSamples = 5, limit = 8 },
            overrides = (string[])
            [
                "dataset.name=images:" + _run.ImageFolder, "dataset.validationImages=10", "model.layers=3", "latents=2",
                "evidence.network.hidden=[8]", "prior.network.hidden=[4]", "bijector.network.hidden=[4]",
                "data.network.hidden=[8]",
            ],
            rows = (object[])
            [
                new { name = "sere", preset = "digits" },
                new { name = "weighted", preset = "digits", overrides = (string[])["training.importanceSamples=3"] },
                new { name = "dlgm", preset = "digits", overrides = (string[])["coupling.prior=false", "coupling.bijector=false"] },
                new { name = "pixels", baseline = "independent-pixels" },
            ],
        }));
        return path;
    }

    private static JsonObject Report(string output) =>
        JsonNode.Parse(File.ReadAllText(Path.Combine(output, "comparison.json")))!.AsObject();

    private static JsonObject[] Rows(JsonObject report) => [.. report["rows"]!.AsArray().Select(row => row!.AsObject())];

    private static string WithoutTimes(JsonObject report)
    {
        Assert.True(report.Remove("otherCores"));
        foreach (JsonObject row in Rows(report))
        {
            Assert.True(row.Remove("stepMilliseconds") && row.Remove("relativeStepTime") && row.Remove("trainingSeconds"));
        }

        return report.ToJsonString();
    }

    private static double[] PerImage(string output, string row) =>
    [
        .. File.ReadLines(Path.Combine(output, "rows", row, "per-image.csv")).Skip(1)
            .Select(line => double.Parse(line.Split(',')[1], CultureInfo.InvariantCulture)),
    ];
}
