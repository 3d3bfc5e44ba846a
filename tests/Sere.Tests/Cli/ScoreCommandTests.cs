using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Sere.Data;
using Sere.Runs;
using Sere.Runs.Configuration;
using Sere.Storage;
using Sere.Tests.Data;
using SkiaSharp;
using Xunit;

namespace Sere.Tests.Cli;

public sealed class ScoreCommandTests : FolderTests
{
    private const string Header =
        "image,log_likelihood,monte_carlo_standard_error,pareto_shape,effective_sample_size,elbo,binarization,percentile";

    private readonly TrainedRun _run;

    public ScoreCommandTests(TrainedRun run)
    {
        _run = run;
    }

    [Fact]
    public void A_folder_is_scored_in_the_order_of_its_names_which_are_quoted_where_they_must_be()
    {
        ImageSet digits = DigitsGenerator.GenerateTest(count: 3);
        WriteDigit("images/zero.png", digits, 0);
        WriteDigit("images/b.png", digits, 1);
        WriteDigit("images/a,comma.png", digits, 2);
        string[] lines = Score("images");
        Assert.StartsWith(Header + ",novelty,novelty_percentile,flagged,surprise_3,", lines[0], StringComparison.Ordinal);
        Assert.Equal(4, lines.Length);
        Assert.StartsWith("\"a,comma.png\",-", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("b.png,-", lines[2], StringComparison.Ordinal);
        Assert.StartsWith("zero.png,-", lines[3], StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_program_that_knew_fewer_keys_measured_of_normal_images_holds()
    {
        string run = _run.Copy(_folder.File("run"));
        string path = Path.Combine(run, "config.json");
        string text = File.ReadAllText(path);
        string older = text.Replace("    \"gradientSkip\": null,\n", "", StringComparison.Ordinal);
        Assert.NotEqual(text, older);
        File.WriteAllText(path, older);
        path = Path.Combine(run, "normal-images.json");
        var normal = JsonNode.Parse(File.ReadAllText(path))!;
        normal["configuration"] = ConfigurationFile.Digest(older);
        File.WriteAllText(path, normal.ToJsonString());
        using var model = TrainedModel.Load(run);
        Assert.True(model.HasNormal);
    }

    [Fact]
    public void An_idx_file_gives_the_scores_of_the_same_images_in_a_folder()
    {
        ImageSet digits = DigitsGenerator.GenerateTest(count: 3);
        for (int i = 0; i < 3; i++)
        {
            WriteDigit($"images/{i}.png", digits, i);
        }

        byte[] file = IdxFile.Build([3, 28, 28], digits.Pixels);
        _folder.Write("digits.idx", file);
        _folder.Write("digits.idx.gz", IdxFile.Zip(file));
        double[][] fromFolder = Figures(Score("images"), name => name.Replace(".png", "", StringComparison.Ordinal));
        double[][] fromFile = Figures(Score("digits.idx"), name => name);
        Assert.Equal(3, fromFile.Length);
        Assert.Equal(fromFolder, fromFile);
        Assert.Equal(fromFile, Figures(Score("digits.idx.gz"), name => name));
        Assert.All(fromFile, row => Assert.True(
            row[1] < 0 && row[4] is >= 1 and <= 5 && row[5] <= row[1] && row[6] is >= 0 and <= 100));
    }

    [Fact]
    public void An_array_gives_the_scores_of_the_same_images_in_a_folder()
    {
        ImageSet digits = DigitsGenerator.GenerateTest(count: 3);
        for (int i = 0; i < 3; i++)
        {
            WriteDigit($"images/{i}.png", digits, i);
        }

        NpyFile.Write(_folder.File("digits.npy"), new NpyArray(digits.Pixels, 3, 28, 28));
        Assert.Equal(
            Figures(Score("images"), name => name.Replace(".png", "", StringComparison.Ordinal)),
            Figures(Score("digits.npy"), name => name));
    }

    [Fact]
    public void The_percentile_is_the_place_among_the_validation_images()
    {
        DatasetSplits splits = RunDataset.LoadTrainedOn(new RunFolder(_run.Root).ReadConfiguration());
        NpyFile.Write(
            _folder.File("validation.npy"), new NpyArray(splits.Validation.Pixels, splits.Validation.Count, 28, 28));
        double[][] rows = Figures(Score("validation.npy"), name => name);

        // Ten images among themselves, each tied with itself.
        Assert.Equal(
            rows.OrderBy(row => row[1]).Select(row => row[6]), Enumerable.Range(0, 10).Select(rank => (10.0 * rank) + 5));
    }

    [Fact]
    public void Where_the_held_out_images_are_gone_scores_have_no_percentile_and_a_warning_says_so()
    {
        string run = _run.Copy(_folder.File("run"));
        string configuration = Path.Combine(run, "config.json");
        File.WriteAllText(configuration, File.ReadAllText(configuration)
            .Replace(JsonEncodedText.Encode(_run.ImageFolder).ToString(), "/no/such/folder", StringComparison.Ordinal));
        WriteDigit("images/0.png", DigitsGenerator.GenerateTest(count: 1), 0);
        string[] Options(int samples) =>
        [
            "score", run, "--input", _folder.File("images"), "--out", _folder.File("scores.csv"), "--threads", "1",
            "--importance-samples", $"{samples}",
        ];
        string kept = SereCommand.Run(Options(5)).Done().Error;
        Assert.DoesNotContain("no percentiles", kept, StringComparison.Ordinal);
        Assert.Matches(@",dynamic,\d+\.\d\d,\d+\.\d{4},", File.ReadAllLines(_folder.File("scores.csv"))[1]);
        string gone = SereCommand.Run(Options(6)).Done().Error;
        Assert.Matches("warning: The run's held-out images cannot be scored, so that there are no percentiles.*'/no/such/folder'", gone);
        Assert.Matches(@",dynamic,,\d+\.\d{4},", File.ReadAllLines(_folder.File("scores.csv"))[1]);
    }

    [Fact]
    public void Images_whose_bounds_few_samples_carry_are_counted_in_a_warning()
    {
        _folder.Write("noise/a.png", Pictures.Encode(28, 28, (x, y) => Pictures.Level((byte)((x * y * 97) % 256))));
        string error = SereCommand.Run(
            [
                "score", _run.Root, "--input", _folder.File("noise"), "--out", _folder.File("scores.csv"), "--threads", "1",
                "--importance-samples", "30",
            ]).Done().Error;
        double[] row = Figures(File.ReadAllLines(_folder.File("scores.csv")), _ => "0").Single();
        Assert.True(row[2] > 0 && row[3] > 0.7);
        Assert.Contains("warning: Few importance samples carry the bounds of 1 of 1 images ", error);
    }

    [Fact]
    public void Images_of_another_size_are_refused_unless_they_are_resized()
    {
        _folder.Write("large/a.png", Pictures.Grey(30, 40, 7));
        Command("large").Refused(1, "1x40x30", "1x28x28", "--resize");
        Assert.False(File.Exists(_folder.File("scores.csv")));
        Assert.Equal(2, Score("large", "--resize").Length);
    }

    [Fact]
    public void Coloured_images_are_refused_unless_they_are_made_grey()
    {
        _folder.Write("colour/a.png", Pictures.Encode(28, 28, (x, y) => new SKColor((byte)x, (byte)y, 200)));
        Command("colour").Refused(1, "3x28x28", "1x28x28", "--gray");
        Assert.Equal(2, Score("colour", "--gray").Length);
    }

    [Fact]
    public void Subfolders_and_tables_are_labels_and_say_how_well_each_column_tells_images_apart()
    {
        ImageSet digits = DigitsGenerator.GenerateTest(count: 4);
        for (int i = 0; i < 4; i++)
        {
            WriteDigit($"parts/ok/{i}.png", digits, i);
            _folder.Write($"parts/noise/{i}.png", Pictures.Encode(28, 28, (x, y) => Pictures.Level((byte)((x * y * (97 + i)) % 256))));
        }

        string output = Command("parts").Done().Output;
        Assert.Matches(@"novelty\s+│\s+[01]\.\d{3}\s+\([01]\.\d{3}", output);
        var names = File.ReadAllLines(_folder.File("scores.csv")).Skip(1).Select(line => line.Split(',')[0]).ToArray();
        Assert.Equal(["noise/0.png", "noise/1.png", "noise/2.png", "noise/3.png", "ok/0.png", "ok/1.png", "ok/2.png", "ok/3.png"], names);
        _folder.Write("labels.csv", Encoding.UTF8.GetBytes(
            "image,label\n" + string.Concat(names.Select(name => $"{name},{(name[0] == 'o' ? "good" : "scratched")}\n"))));
        var byTable = Command("parts", "--labels", _folder.File("labels.csv"));
        Assert.Equal(output, byTable.Done().Output);
        _folder.Write("quoted.csv", Encoding.UTF8.GetBytes(
            string.Concat(names.Select(name => $"\"{name}\",{(name[0] == 'o' ? "ok" : "odd")}\n"))));
        Assert.Equal(output, Command("parts", "--labels", _folder.File("quoted.csv")).Done().Output);
        _folder.Write("few.csv", "ok/0.png,ok\n"u8.ToArray());
        Command("parts", "--labels", _folder.File("few.csv")).Refused(1, "'noise/0.png'", "label");
    }

    [Fact]
    public void Scripts_get_one_object_or_the_table_alone_and_an_exit_code()
    {
        _folder.Write("noise/a.png", Pictures.Encode(28, 28, (x, y) => Pictures.Level((byte)((x * y * 97) % 256))));
        string[] command =
        [
            "score", _run.Root, "--input", _folder.File("noise"), "--importance-samples", "5", "--threads", "1",
            "--false-positive-rate", "0.2",
        ];
        using var json = JsonDocument.Parse(SereCommand.Run([.. command, "--json"]).Done().Output);
        var image = json.RootElement.GetProperty("images")[0];
        Assert.Equal("a.png", image.GetProperty("image").GetString());
        Assert.Equal(0.2, json.RootElement.GetProperty("falsePositiveRate").GetDouble());
        Assert.True(image.GetProperty("novelty").GetDouble() > json.RootElement.GetProperty("threshold").GetDouble());
        Assert.True(image.GetProperty("flagged").GetBoolean());
        Assert.Equal(1, json.RootElement.GetProperty("flagged").GetInt32());
        var piped = SereCommand.Run([.. command, "--out", "-", "--exit-code"]);
        Assert.Equal(3, piped.ExitCode);
        Assert.Equal(2, piped.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.StartsWith(Header, piped.Output, StringComparison.Ordinal);
        SereCommand.Run(command).Refused(2, "--out");
        SereCommand.Run([.. command, "--json", "--out", "-"]).Refused(2, "--json");
        SereCommand.Run([.. command, "--json", "--false-positive-rate", "1"]).Refused(2, "--false-positive-rate");
    }

    [Fact]
    public void Maps_and_a_report_are_written_and_the_report_needs_no_other_file()
    {
        ImageSet digits = DigitsGenerator.GenerateTest(count: 2);
        WriteDigit("images/a.png", digits, 0);
        WriteDigit("images/b.png", digits, 1);
        string maps = _folder.File("maps");
        string report = _folder.File("verdict");
        Command("images", "--maps", maps, "--report", report).Done();
        Assert.Equal(
            ["a.png.npy", "a.png.png", "b.png.npy", "b.png.png"],
            Directory.GetFiles(maps).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal));
        Assert.Equal([28, 28], NpyFile.Read(Path.Combine(maps, "a.png.npy")).Shape);
        string page = File.ReadAllText(Path.Combine(report, "report.html"));
        Assert.Contains("of 2 images", page, StringComparison.Ordinal);
        Assert.Contains("b.png", page, StringComparison.Ordinal);
        Assert.DoesNotContain("src=\"http", page, StringComparison.Ordinal);
        Assert.True(page.Split("data:image/png;base64,").Length > 4);
        Command("images", "--maps", _folder.File("images")).Refused(2, "--maps");
    }

    private string[] Score(string input, params string[] options)
    {
        var result = Command(input, options).Done();
        Assert.Equal(_folder.File("scores.csv") + "\n", result.Output);
        Assert.Matches(
            "^(scored: \\d+ of \\d+ images\n)+(judged: \\d+ of \\d+ images\n)+warning: The percentiles are coarse, [^\n]* 10 held-out "
            + "images[^\n]*\nFlagged: \\d+ of \\d+ images, [^\n]*\n$",
            result.Error);
        return File.ReadAllLines(_folder.File("scores.csv"));
    }

    private ProgramResult Command(string input, params string[] options) => SereCommand.Run(
        [
            "score", _run.Root, "--input", _folder.File(input), "--out", _folder.File("scores.csv"),
            "--importance-samples", "5", "--threads", "1", .. options,
        ]);

    private static double[][] Figures(string[] lines, Func<string, string> number) =>
    [
        .. lines.Skip(1).Select(line => line.Split(',').Where((_, column) => column != 6)
            .Select((value, i) => double.Parse(i == 0 ? number(value) : value, CultureInfo.InvariantCulture))
            .ToArray()),
    ];

    private void WriteDigit(string name, ImageSet digits, int image)
    {
        byte[] pixels = digits.Slice(image, 1).Pixels;
        _folder.Write(name, Pictures.Encode(28, 28, (x, y) => Pictures.Level(pixels[(28 * y) + x])));
    }
}
