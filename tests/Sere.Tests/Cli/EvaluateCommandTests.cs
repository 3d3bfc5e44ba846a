using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;

namespace Sere.Tests.Cli;

public sealed class EvaluateCommandTests : FolderTests
{
    private static readonly string[] KeysOfTheDesign =
    [
        "model", "dataset", "split", "images", "importanceSamples", "logLikelihood", "standardError",
        "monteCarloError", "paretoShape", "unreliableImages", "isBound", "space", "elbo", "bitsPerDim", "bitsPerDimIsBound", "klPerLayer",
        "klIsEstimated", "activeUnits", "seed", "seconds",
    ];

    private readonly TrainedRun _run;

    public EvaluateCommandTests(TrainedRun run)
    {
        _run = run;
    }

    [Fact]
    public void Json_is_one_object_with_the_keys_of_the_design_and_nothing_else()
    {
        var result = Evaluate("--json");
        Assert.Equal("evaluated: 10 of 10 images\n", result.Error);
        using var json = JsonDocument.Parse(result.Output);
        var report = json.RootElement;
        Assert.Equal(KeysOfTheDesign, report.EnumerateObject().Select(member => member.Name));
        Assert.Equal("digits-images", report.GetProperty("model").GetString());
        Assert.Equal("images:" + _run.ImageFolder, report.GetProperty("dataset").GetString());
        Assert.Equal("test", report.GetProperty("split").GetString());
        Assert.Equal(TrainedRun.TestImages, report.GetProperty("images").GetInt32());
        Assert.Equal(7, report.GetProperty("importanceSamples").GetInt32());
        Assert.True(report.GetProperty("isBound").GetBoolean());
        Assert.Equal("discrete", report.GetProperty("space").GetString());
        Assert.Equal(TrainedRun.Layers, report.GetProperty("klPerLayer").GetArrayLength());
        Assert.False(report.GetProperty("klIsEstimated").GetBoolean());
        Assert.Equal(1, report.GetProperty("seed").GetInt64());
        double logLikelihood = report.GetProperty("logLikelihood").GetDouble();
        Assert.True(logLikelihood < 0 && logLikelihood >= report.GetProperty("elbo").GetDouble());
        Assert.Equal(-logLikelihood / (784 * Math.Log(2)), report.GetProperty("bitsPerDim").GetDouble(), 1e-12);
    }

    [Fact]
    public void The_same_evaluation_gives_the_same_figures_and_another_seed_gives_others()
    {
        JsonObject first = Report(Evaluate("--json"));
        JsonObject second = Report(Evaluate("--json"));
        JsonObject other = Report(Evaluate("--json", "--seed", "2"));
        Assert.Equal(first.ToJsonString(), second.ToJsonString());
        Assert.NotEqual(first["logLikelihood"]!.ToJsonString(), other["logLikelihood"]!.ToJsonString());
    }

    [Fact]
    public void A_limit_takes_the_first_images_and_changes_none_of_their_figures()
    {
        JsonObject all = Report(Evaluate("--json", "--per-image", _folder.File("all.csv")));
        JsonObject few = Report(Evaluate("--json", "--per-image", _folder.File("few.csv"), "--limit", "4"));
        double[][] allRows = Rows("all.csv");
        double[][] fewRows = Rows("few.csv");
        Assert.Equal(TrainedRun.TestImages, allRows.Length);
        Assert.Equal(4, fewRows.Length);
        Assert.Equal(4, few["images"]!.GetValue<int>());
        for (int image = 0; image < 4; image++)
        {
            // Files have four decimals, and batches of other sizes round differently.
            Assert.All(allRows[image].Zip(fewRows[image]), pair => Assert.Equal(pair.First, pair.Second, 2e-3));
        }

        Assert.Equal(allRows.Average(row => row[1]), all["logLikelihood"]!.GetValue<double>(), 1e-4);
        Assert.Equal(allRows.Average(row => row[5]), all["elbo"]!.GetValue<double>(), 1e-4);
        Assert.Equal(fewRows.Average(row => row[1]), few["logLikelihood"]!.GetValue<double>(), 1e-4);
    }

    [Theory]
    [InlineData("validation", TrainedRun.ValidationImages)]
    [InlineData("train", TrainedRun.Images - TrainedRun.TestImages - TrainedRun.ValidationImages)]
    public void Another_split_can_be_evaluated(string split, int images)
    {
        JsonObject report = Report(Evaluate("--json", "--split", split));
        Assert.Equal(split, report["split"]!.GetValue<string>());
        Assert.Equal(images, report["images"]!.GetValue<int>());
    }

    [Fact]
    public void Without_json_the_figures_are_a_table()
    {
        var result = Evaluate("--checkpoint", "last");
        Assert.Equal("evaluated: 10 of 10 images\n", result.Error);
        Assert.Contains("log p(x) >=, 7 samples", result.Output);
        Assert.Contains("log p(x) of independent pixels", result.Output);
        Assert.Contains("bits/dim", result.Output);
    }

    [Fact]
    public void The_Monte_Carlo_error_is_that_of_the_mean_and_images_with_heavy_weights_are_counted()
    {
        var result = Evaluate("--json", "--importance-samples", "30", "--per-image", _folder.File("all.csv"));
        JsonObject report = Report(result);
        double[][] rows = Rows("all.csv");
        Assert.Equal(
            Math.Sqrt(rows.Sum(row => row[2] * row[2])) / rows.Length, report["monteCarloError"]!.GetValue<double>(), 1e-4);
        Assert.Equal(rows.Select(row => row[3]).Order().ElementAt(5), report["paretoShape"]!.GetValue<double>(), 0.01);
        int unreliable = report["unreliableImages"]!.GetValue<int>();
        Assert.Equal(rows.Count(row => row[3] > 0.7), unreliable);
        Assert.InRange(unreliable, 1, 10);
        Assert.Contains($"warning: Few importance samples carry the bounds of {unreliable} of 10 images ", result.Error);
    }

    [Fact]
    public void Too_few_samples_have_no_Monte_Carlo_error()
    {
        JsonObject report = Report(Evaluate("--json"));
        Assert.Null(report["monteCarloError"]);
        Assert.Null(report["paretoShape"]);
        Assert.Equal(0, report["unreliableImages"]!.GetValue<int>());
    }

    private ProgramResult Evaluate(params string[] options) => SereCommand.Run(
        [
            "evaluate", _run.Root, "--threads", "1", .. options,
            .. options.Contains("--importance-samples") ? Array.Empty<string>() : ["--importance-samples", "7"],
        ]).Done();

    private static JsonObject Report(ProgramResult result)
    {
        JsonObject report = JsonNode.Parse(result.Output)!.AsObject();
        Assert.True(report.Remove("seconds"));
        return report;
    }

    private double[][] Rows(string name)
    {
        string[] lines = File.ReadAllLines(_folder.File(name));
        Assert.Equal(
            "image,log_likelihood,monte_carlo_standard_error,pareto_shape,effective_sample_size,elbo,binarization", lines[0]);
        double[][] rows =
        [
            .. lines.Skip(1).Select(line => line.Split(',').SkipLast(1)
                .Select(value => double.Parse(value, CultureInfo.InvariantCulture))
                .ToArray()),
        ];
        Assert.Equal(Enumerable.Range(0, rows.Length), rows.Select(row => (int)row[0]));
        return rows;
    }
}
