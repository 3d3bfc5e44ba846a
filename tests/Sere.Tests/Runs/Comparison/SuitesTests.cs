using Sere.Runs;
using Sere.Runs.Comparison;
using Sere.Runs.Configuration;
using Xunit;

namespace Sere.Tests.Runs.Comparison;

public sealed class SuitesTests : FolderTests
{
    public static TheoryData<string> All => [.. Suites.Names];

    [Fact]
    public void The_names_are_those_of_the_files() => Assert.Equal(
        Directory.GetFiles(Path.Combine(RepositoryFolder.Path, "suites"), "*.json")
            .Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal),
        Suites.Names);

    [Theory]
    [MemberData(nameof(All))]
    public void An_embedded_suite_bears_the_name_of_its_file_and_all_its_rows_resolve(string name)
    {
        var (suite, folder) = Suites.Load(name);
        Assert.Equal(name, suite.Name);
        Assert.Null(folder);
        var plan = ComparisonPlan.Create(suite, folder, new ComparisonOptions());
        Assert.Equal(suite.Rows.Select(row => row.Name), plan.Rows.Select(row => row.Name));
        Assert.All(plan.Rows, row => row.Configuration.Validate());
    }

    [Fact]
    public void The_suite_parts_trains_what_sere_train_chooses_for_them()
    {
        var (suite, folder) = Suites.Load("parts");
        var planned = ComparisonPlan.Create(suite, folder, new ComparisonOptions()).Reference.Configuration;
        var chosen = PresetByImages.Choose("parts")!.Configuration;
        Assert.Null(ConfigurationDifference.First(chosen, planned with { Evaluation = chosen.Evaluation }));
    }

    [Fact]
    public void An_unknown_name_is_refused_with_the_known_ones()
    {
        string message = Assert.Throws<UsageException>(() => Suites.Load("digit")).Message;
        Assert.StartsWith("There is no suite \"digit\" (did you mean \"digits\"?); the suites are ", message, StringComparison.Ordinal);
        Assert.All(Suites.Names, name => Assert.Contains($"\"{name}\"", message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_missing_file_is_refused_by_name() => Assert.Equal(
        "There is no suite file \"none.json\"; check the path.",
        Assert.Throws<SereException>(() => Suites.Load("none.json")).Message);

    [Theory]
    [InlineData("""{ "nam": "a" }""", "unknown key \"nam\"; did you mean \"name\"?")]
    [InlineData("""{ "name": "a", "rows": [{ "name": "b", "preste": "digits" }] }""", "unknown key \"rows[0].preste\"; did you mean \"preset\"?")]
    [InlineData("""{ "name": "a", "rows": [{ "name": "b", "overrides": [1] }] }""", "rows[0].overrides[0] is 1; it must be a text.")]
    [InlineData("""{ "name": "a", "rows": [{ "name": "b", "overrides": "x=1" }] }""", "rows[0].overrides is \"x=1\"; it must be a list of texts.")]
    [InlineData("""{ "name": "a", "rows": {} }""", "rows is an object; it must be a list of objects.")]
    [InlineData("""{ "name": "a", "rows": [{ "name": "b", "baseline": "pixels" }] }""", "unknown value \"pixels\" of rows[0].baseline; did you mean \"independent-pixels\"?")]
    [InlineData("""{ "name": "a", "rows": [] }""", "rows is \"a list of 0\"; it must be a list of 1 to 100 rows.")]
    [InlineData("""{ "name": "a/b" }""", "name is \"a/b\"; it must be a text of 1 to 100 letters, digits, '-', '_' and '.' (it names a folder) that does not begin with '.'.")]
    [InlineData("""{ "name": "a", "epochs": 0 }""", "epochs is 0; it must be a whole number from 1 to 1000000000, or null.")]
    [InlineData("""{ "name": "a", "evaluation": { "importanceSamples": 0 } }""", "evaluation.importanceSamples is 0; it must be a whole number from 1 to 1000000.")]
    [InlineData("""{ "name": "a", "rows": [{ "name": "b" }] }""", "rows[0] (\"b\") needs one of \"preset\", \"config\" and \"baseline\", and has 0 of them.")]
    [InlineData("""{ "name": "a", "rows": [{ "name": "b", "preset": "digits", "baseline": "independent-pixels" }] }""", "rows[0] (\"b\") needs one of \"preset\", \"config\" and \"baseline\", and has 2 of them.")]
    [InlineData("""{ "name": "a", "rows": [{ "name": "b", "baseline": "independent-pixels", "overrides": ["seed=1"] }] }""", "rows[0].overrides is \"a list of 1\"; it must be empty for a baseline.")]
    [InlineData("""{ "name": "a", "rows": [{ "name": "b", "preset": "digits" }, { "name": "B", "preset": "digits" }] }""", "rows[1].name is \"B\"; it must be another name than those of the rows before it.")]
    [InlineData("""{ "name": "a", "reference": "sere", "rows": [{ "name": "sera", "preset": "digits" }] }""", "reference is \"sere\", which is no row that trains a model; did you mean \"sera\"?")]
    [InlineData("""{ "name": "a", "reference": "b", "rows": [{ "name": "b", "baseline": "independent-pixels" }, { "name": "c", "preset": "digits" }] }""", "reference is \"b\", which is no row that trains a model; it must be one of \"c\".")]
    public void A_wrong_suite_is_refused_in_one_sentence(string json, string sentence) =>
        Assert.Equal($"test: {sentence}", Assert.Throws<UsageException>(() => Suites.Parse(json, "test")).Message);

    [Fact]
    public void A_configuration_file_lies_where_the_suite_file_says()
    {
        Directory.CreateDirectory(_folder.File("inner"));
        File.WriteAllText(_folder.File("inner/model.json"), """{ "name": "mine", "model": { "kind": "variational", "layers": 3 } }""");
        File.WriteAllText(
            _folder.File("suite.json"),
            """
            {
              "name": "mine", "reference": "first", // comments are allowed
              "rows": [{ "name": "first", "config": "inner/model.json", "overrides": ["posterior.initialScale=0.5"] }]
            }
            """);
        var (suite, folder) = Suites.Load(_folder.File("suite.json"));
        var row = Assert.Single(ComparisonPlan.Create(suite, folder, new ComparisonOptions()).Rows);
        Assert.Equal("first", row.Configuration.Name);
        var model = Assert.IsType<Sere.Models.VariationalAutoencoder>(row.Configuration.Model);
        Assert.Equal((3, 0.5), (model.Layers, model.Posterior.InitialScale));
    }
}
