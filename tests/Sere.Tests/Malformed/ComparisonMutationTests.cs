using System.Text;
using System.Text.Json.Nodes;
using Sere.Runs.Comparison;
using Sere.Runs.Configuration;
using Xunit;

namespace Sere.Tests.Malformed;

/// <summary>What a comparison reads: suites, its own settings, and the figures of rows.</summary>
public sealed class ComparisonMutationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new(inMemory: true);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Damaged_suites_are_refused_or_read()
    {
        byte[] sound = File.ReadAllBytes(Path.Combine(RepositoryFolder.Path, "suites", "digits.json"));
        new MutationRun(
            "suite.json",
            [new MalformedForm("bytes", sound), new MalformedForm("tokens", sound, JsonMutation.Of)],
            path => Assert.NotEmpty(Suites.Load(path).Suite.Rows)).Check();
    }

    [Fact]
    public void Damaged_settings_are_refused_or_the_same()
    {
        var settings = new JsonObject { ["name"] = "a", ["rows"] = new JsonObject { ["b"] = 1.5, ["c"] = "text" } };
        byte[] sound = Encoding.UTF8.GetBytes(settings.ToJsonString(ConfigurationSchema.Options));
        new MutationRun(
            "suite.json",
            [new MalformedForm("bytes", sound), new MalformedForm("tokens", sound, JsonMutation.Of)],
            path => new ComparisonFolder(Path.GetDirectoryName(path)!).Open(settings, command: null)).Check();
    }

    [Fact]
    public void Damaged_figures_of_a_row_are_made_again_or_read()
    {
        var comparison = new ComparisonFolder(_folder.File("comparison"));
        comparison.Run("a").CreateRoot();
        Row().Write(comparison);
        byte[] result = File.ReadAllBytes(comparison.Result("a"));
        new MutationRun(
            "result.json",
            [new MalformedForm("bytes", result), new MalformedForm("tokens", result, JsonMutation.Of)],
            path => Reread(path, comparison, comparison.Result("a"))).Check();
        File.WriteAllBytes(comparison.Result("a"), result);
        Assert.Equal(-99.5, RowResult.Read(comparison, "a", Assert.Fail)!.Images.LogLikelihood[0]);

        byte[] images = File.ReadAllBytes(comparison.PerImage("a"));
        new MutationRun(
            "per-image.csv",
            [new MalformedForm("bytes", images)],
            path => Assert.NotEmpty(PerImageFigures.Read(path).Elbo)).Check();
    }

    [Fact]
    public void Figures_that_no_row_comes_to_are_made_again()
    {
        var comparison = new ComparisonFolder(_folder.File("comparison"));
        comparison.Run("a").CreateRoot();
        foreach (var row in (RowResult[])
            [
                Row() with { Seconds = 1e300 },
                Row() with { KlPerLayer = [-1e308] },
                Row() with { LatentsPerLayer = [int.MaxValue, int.MaxValue] },
                Row() with { ActiveUnits = -1 },
                Row() with { Detection = new DefectDetection(0.9, -0.1, 0.95) },
                Row() with { Images = new PerImageFigures([1e308, 1e308], [0, 0]) },
            ])
        {
            row.Write(comparison);
            var warnings = new List<string>();
            Assert.Null(RowResult.Read(comparison, "a", warnings.Add));
            Assert.Single(warnings);
        }
    }

    private static void Reread(string path, ComparisonFolder comparison, string target)
    {
        File.Copy(path, target, overwrite: true);
        var warnings = new List<string>();
        var row = RowResult.Read(comparison, "a", warnings.Add);
        if (row is null)
        {
            throw new SereException($"'{path}': {Assert.Single(warnings)}");
        }

        Assert.Empty(warnings);
        Assert.Equal(3, row.Images.LogLikelihood.Count);
    }

    private static RowResult Row() => new("a", "", 12, [2, 2], IsBound: true, [1.5, 2.5], 3, 2, 1, 0, 1.25)
    {
        Images = new PerImageFigures([-99.5, -98.25, -97], [-100, -99, -98.5]),
        Detection = new DefectDetection(0.9, 0.8, 0.95),
    };
}
