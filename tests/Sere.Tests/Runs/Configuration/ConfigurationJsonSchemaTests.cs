using System.Text.Json;
using System.Text.Json.Nodes;
using Json.Schema;
using Sere.Runs.Configuration;
using Sere.Tests.Cli;
using Xunit;

namespace Sere.Tests.Runs.Configuration;

/// <summary>
/// docs/configuration.schema.json comes from the records, says what the reader says, and is what <c>sere schema</c> prints.
/// SERE_WRITE_DOCS=1 makes the test write it anew.
/// </summary>
public sealed class ConfigurationJsonSchemaTests
{
    private static readonly string File = Path.Combine(RepositoryFolder.Path, "docs", "configuration.schema.json");
    private static readonly Lazy<JsonSchema> Schema = new(() => JsonSchema.FromText(ConfigurationFile.Schema));

    public static TheoryData<string> All => [.. Presets.Names];

    [Fact]
    public void The_schema_is_that_of_the_records()
    {
        string expected = ConfigurationSchemaWriter.Write();
        if (Environment.GetEnvironmentVariable("SERE_WRITE_DOCS") is "1")
        {
            System.IO.File.WriteAllText(File, expected);
        }

        Assert.True(
            string.Equals(expected, System.IO.File.ReadAllText(File).ReplaceLineEndings("\n"), StringComparison.Ordinal),
            "docs/configuration.schema.json is stale; run this test with SERE_WRITE_DOCS=1.");
    }

    [Fact]
    public void The_command_prints_it() =>
        Assert.Equal(ConfigurationFile.Schema.ReplaceLineEndings("\n"), SereCommand.Run("schema").Done().Output);

    [Theory]
    [MemberData(nameof(All))]
    public void A_preset_names_the_schema_and_fulfils_it(string name)
    {
        string file = PresetText.File(name);
        Assert.True(IsValid(file), "the file");
        Assert.True(IsValid(PresetText.Read(name)), "what is printed");
        string named = JsonNode.Parse(file)!["$schema"]!.GetValue<string>();
        Assert.Equal(File, Path.GetFullPath(Path.Combine(RepositoryFolder.Path, "presets", named)));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void No_key_of_a_preset_may_be_misspelt_or_hold_something_else(string name)
    {
        string text = PresetText.File(name);
        foreach (string path in Paths(JsonNode.Parse(text)!, ""))
        {
            Refused(text, path, (parent, key) =>
            {
                JsonNode? value = parent[key];
                parent.Remove(key);
                parent[$"{key}x"] = value;
            });
            Refused(text, path, (parent, key) => parent[key] = new JsonObject { ["unknown"] = 1 });
        }
    }

    [Theory]
    [InlineData("""{ "$schema": "mine.json", "training": { "epochs": 5 } }""", true)]
    [InlineData("""{ "$schema": 1 }""", false)]
    [InlineData("""{ "training": { "epochs": 0 } }""", false)]
    [InlineData("""{ "training": { "averageDecay": 1 } }""", false)]
    [InlineData("""{ "training": { "averageDecay": null } }""", true)]
    [InlineData("""{ "training": { "epochs": 1.5 } }""", false)]
    [InlineData("""{ "dataset": { "resize": null } }""", true)]
    [InlineData("""{ "dataset": { "resize": { "height": 8, "width": 0 } } }""", false)]
    [InlineData("""{ "dataset": { "shape": { "channels": 2, "height": 8, "width": 8 } } }""", false)]
    [InlineData("""{ "model": { "layers": 2 } }""", false)]
    [InlineData("""{ "model": { "layers": 2, "kind": "variational" } }""", true)]
    [InlineData("""{ "model": { "kind": "variational", "latents": [3, 0] } }""", false)]
    [InlineData("""{ "model": { "kind": "iaf" } }""", false)]
    [InlineData("""{ "model": { "kind": "variational", "flow": { "kind": "maf" } } }""", false)]
    [InlineData("""{ "from": "digits" }""", true)]
    [InlineData("""{ "from": "digts" }""", false)]
    [InlineData("""{ "from": "digits", "training": { "epochs": 5 } }""", false)]
    [InlineData("""{ "from": "digits", "set": { "coupling.prior": false, "model.layers": 3 } }""", true)]
    [InlineData("""{ "from": "digits", "set": { "training.epochs": "5" } }""", false)]
    public void It_accepts_what_the_reader_accepts(string file, bool isValid)
    {
        Assert.Equal(isValid, IsValid(file));
        Assert.Equal(isValid, IsRead(file));
    }

    private static void Refused(string text, string path, Action<JsonObject, string> change)
    {
        JsonNode root = JsonNode.Parse(text)!;
        string[] keys = path.Split('/');
        change(keys[..^1].Aggregate(root, (node, key) => node[key]!).AsObject(), keys[^1]);
        string changed = root.ToJsonString();
        Assert.False(IsValid(changed), $"The schema accepts another {path}.");
        Assert.False(IsRead(changed), $"The reader accepts another {path}.");
    }

    private static IEnumerable<string> Paths(JsonNode node, string path) => node is not JsonObject record ? [] :
        record.SelectMany(member => Paths(member.Value!, $"{path}{member.Key}/").Prepend(path + member.Key));

    private static bool IsValid(string file)
    {
        using var document = JsonDocument.Parse(file);
        return Schema.Value.Evaluate(document.RootElement).IsValid;
    }

    private static bool IsRead(string file)
    {
        try
        {
            ConfigurationFile.Parse(file, "file");
            return true;
        }
        catch (UsageException)
        {
            return false;
        }
    }
}
