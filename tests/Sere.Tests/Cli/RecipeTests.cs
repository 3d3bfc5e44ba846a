using System.Diagnostics;
using Parquet.Serialization;
using Sere.Runs;
using Xunit;

namespace Sere.Tests.Cli;

/// <summary>
/// Recipes belong to no project: <c>.ci/run</c> builds them before the tests (<c>dotnet build -c Release recipes/NAME.cs</c>) and says
/// so by <c>SERE_RECIPES=1</c>.
/// </summary>
public sealed class RecipeTests : FolderTests
{
    private readonly TrainedRun _run;

    public RecipeTests(TrainedRun run)
    {
        _run = run;
    }

    /// <summary>Shown to fail with scores that are rounded to single precision, and with a row that is left out.</summary>
    [Fact]
    public async Task Scores_that_are_written_as_Parquet_are_read_back_as_the_model_gives_them()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("SERE_RECIPES") != "1", "Only by SERE_RECIPES=1 with recipes that are built.");
        var cancellation = TestContext.Current.CancellationToken;
        foreach (string name in (string[])["000.png", "001.png"])
        {
            _folder.Write($"images/sub/{name}", await File.ReadAllBytesAsync(Path.Combine(_run.ImageFolder, name), cancellation));
        }

        _folder.Write("images/none.png", [1, 2, 3]);
        string table = _folder.File("scores.parquet");
        Run("ScoreFolder.cs", _run.Root, _folder.File("images"), table);

        await using var file = File.OpenRead(table);
        var rows = (await ParquetSerializer.DeserializeAsync<Row>(file, cancellationToken: cancellation)).Data;
        using var model = TrainedModel.Load(_run.Root);
        Assert.Equal(3, rows.Count);
        foreach (var row in rows)
        {
            string path = _folder.File($"images/{row.Image}");
            if (string.Equals(row.Image, "none.png", StringComparison.Ordinal))
            {
                string refusal = Assert.Throws<SereException>(() => model.Read(File.ReadAllBytes(path))).Message;
                Assert.Equivalent(new Row { Image = row.Image, Error = refusal }, row);
                continue;
            }

            var image = model.Read(await File.ReadAllBytesAsync(path, cancellation));
            var verdict = model.Verdict(image, cancellation: cancellation)[0];
            Assert.Equal(model.LogLikelihood(image, importanceSamples: 20)[0], row.LogLikelihood!.Value, 1e-9);
            Assert.Equal(verdict.Novelty, row.Novelty!.Value, 1e-9);
            Assert.Equal(verdict.IsFlagged, row.Flagged);
            Assert.Null(row.Error);
        }
    }

    private static void Run(string recipe, params string[] arguments)
    {
        var start = new ProcessStartInfo(
            BuiltProgram.Host,
            [
                "run", "--no-build", "--configuration", BuiltProgram.Configuration,
                Path.Combine(RepositoryFolder.Path, "recipes", recipe), "--", .. arguments,
            ])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["OMP_NUM_THREADS"] = "1";
        using var program = new RunningProgram(Process.Start(start)!);
        program.Finish().Done();
    }

    private sealed class Row
    {
        public string Image { get; set; } = "";

        public double? LogLikelihood { get; set; }

        public double? Novelty { get; set; }

        public bool? Flagged { get; set; }

        public string? Error { get; set; }
    }
}
