using System.Text;
using System.Text.Json.Nodes;
using Sere.Data;
using Sere.Kernels;
using Sere.Likelihoods;
using Sere.Models;
using Sere.Networks;
using Sere.Runs.Configuration;
using Sere.Training;
using Xunit;

namespace Sere.Tests.Runs.Configuration;

public sealed class ConfigurationFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sere-configuration-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("utf-16BE")]
    public void A_file_with_a_byte_order_mark_is_read_in_its_encoding(string encoding)
    {
        string path = Path.Combine(_folder, "marked.json");
        File.WriteAllText(path, "{ \"name\": \"wide\" }", Encoding.GetEncoding(encoding));
        Assert.Equal("wide", ConfigurationFile.Load(path).Name);
        File.WriteAllBytes(path, [.. Encoding.GetEncoding(encoding).Preamble, 0x7B]);
        Assert.Contains("not valid JSON", Assert.Throws<UsageException>(() => ConfigurationFile.Load(path)).Message);
    }

    [Fact]
    public void A_misspelt_member_of_any_object_is_refused_with_the_right_name()
    {
        // Objects of the same kinds at the same place are read alike in every preset.
        var tried = new HashSet<(string Path, string Member, string Kinds)>();
        foreach (string preset in Presets.Names)
        {
            foreach (var (path, member, kinds) in Members(JsonNode.Parse(PresetText.Read(preset))!.AsObject(), "", ""))
            {
                if (member is "kind" || !tried.Add((path, member, kinds)))
                {
                    continue;
                }

                JsonNode tree = JsonNode.Parse(PresetText.Read(preset))!;
                JsonObject parent = path.Split('.', StringSplitOptions.RemoveEmptyEntries)
                    .Aggregate(tree, (node, name) => node[name]!)
                    .AsObject();
                JsonNode? value = parent[member]?.DeepClone();
                parent.Remove(member);
                parent[member + "x"] = value;

                string misspelt = path.Length == 0 ? $"{member}x" : $"{path}.{member}x";
                Assert.Equal(
                    $"test: unknown key \"{misspelt}\"; did you mean \"{member}\"?", Refusal(tree.ToJsonString()));
            }
        }

        Assert.True(tried.Count > 80, $"only {tried.Count} members were tried");
    }

    [Theory]
    [InlineData("""{ "modle": {} }""", "unknown key \"modle\"; did you mean \"model\"?")]
    [InlineData("""{ "zzzzzz": 1 }""", "unknown key \"zzzzzz\"; it must be one of \"name\", \"description\", \"seed\", \"dataset\", \"model\", \"training\", \"evaluation\".")]
    [InlineData("""{ "Seed": 1 }""", "unknown key \"Seed\"; did you mean \"seed\"?")]
    [InlineData("""{ "kind": 1 }""", "unknown key \"kind\"; it must be one of \"name\", \"description\", \"seed\", \"dataset\", \"model\", \"training\", \"evaluation\".")]
    [InlineData("""{ "dataset": { "shape": { "dimensions": 2 } } }""", "unknown key \"dataset.shape.dimensions\"; it must be one of \"channels\", \"height\", \"width\".")]
    [InlineData("""{ "model": { "layers": 2 } }""", "model.kind is missing; it must be one of \"variational\", \"flow-posterior\", \"ladder\", \"relaxed-bernoulli\", \"draw\", \"flow\", \"pixel-cnn\".")]
    [InlineData("""{ "model": { "kind": "varational" } }""", "unknown kind \"varational\" of model; did you mean \"variational\"?")]
    [InlineData("""{ "model": { "kind": 3 } }""", "model.kind is 3; it must be one of \"variational\", \"flow-posterior\", \"ladder\", \"relaxed-bernoulli\", \"draw\", \"flow\", \"pixel-cnn\".")]
    [InlineData("""{ "training": { "optimizer": { "kind": "sgd" } } }""", "unknown kind \"sgd\" of training.optimizer; it must be one of \"adam\", \"adamax\".")]
    [InlineData("""{ "dataset": { "binarization": "dynamics" } }""", "unknown value \"dynamics\" of dataset.binarization; did you mean \"dynamic\"?")]
    [InlineData("""{ "dataset": { "binarization": "Dynamic" } }""", "unknown value \"Dynamic\" of dataset.binarization; did you mean \"dynamic\"?")]
    [InlineData("""{ "dataset": { "binarization": 0 } }""", "dataset.binarization is 0; it must be one of \"dynamic\", \"threshold\", \"none\", \"dequantized\".")]
    [InlineData("""{ "training": { "epochs": "20" } }""", "training.epochs is \"20\"; it must be a whole number.")]
    [InlineData("""{ "training": { "epochs": 1.5 } }""", "training.epochs is 1.5; it must be a whole number.")]
    [InlineData("""{ "training": { "epochs": 3000000000 } }""", "training.epochs is 3000000000; it must be a whole number from -2147483648 to 2147483647.")]
    [InlineData("""{ "evaluation": { "limit": 3000000000 } }""", "evaluation.limit is 3000000000; it must be a whole number from -2147483648 to 2147483647.")]
    [InlineData("""{ "evaluation": { "limit": true } }""", "evaluation.limit is true; it must be a whole number, or null.")]
    [InlineData("""{ "seed": null }""", "seed is null; it must be a whole number.")]
    [InlineData("""{ "name": null }""", "name is null; it must be a text.")]
    [InlineData("""{ "model": null }""", "model is null; it must be an object whose \"kind\" is one of \"variational\", \"flow-posterior\", \"ladder\", \"relaxed-bernoulli\", \"draw\", \"flow\", \"pixel-cnn\".")]
    [InlineData("""{ "training": { "schedule": [] } }""", "training.schedule is a list; it must be an object.")]
    [InlineData("""{ "training": { "averageDecay": {} } }""", "training.averageDecay is an object; it must be a finite number, or null.")]
    [InlineData("""{ "model": { "kind": "variational", "coupling": { "prior": 1 } } }""", "model.coupling.prior is 1; it must be true or false.")]
    [InlineData("null", "the configuration is null; it must be an object.")]
    [InlineData("[]", "the configuration is a list; it must be an object.")]
    [InlineData("""{ "training": { "gradientClip": 1e999 } }""", "training.gradientClip is 1e999; it must be a finite number, or null.")]
    [InlineData("""{ "\u001b[2J\nseeds": 1 }""", "unknown key \" [2J seeds\"; did you mean \"seed\"?")]
    public void A_value_that_does_not_fit_is_refused_by_path(string json, string sentence) =>
        Assert.Equal($"test: {sentence}", Refusal(json));

    [Theory]
    [InlineData("null", "model.prior.network.hidden is null; it must be a list of whole numbers, such as [200, 200].")]
    [InlineData("100", "model.prior.network.hidden is 100; it must be a list of whole numbers, such as [200, 200].")]
    [InlineData("[100, 1.5]", "model.prior.network.hidden[1] is 1.5; it must be a whole number.")]
    [InlineData("[100, null]", "model.prior.network.hidden[1] is null; it must be a whole number.")]
    public void A_damaged_list_is_refused_by_path(string hidden, string sentence) =>
        Assert.Equal(
            $"test: {sentence}",
            Refusal($$"""
                { "model": { "kind": "variational", "prior": { "network": { "kind": "mlp", "hidden": {{hidden}} } } } }
                """));

    [Fact]
    public void A_file_may_say_how_it_differs_from_a_preset()
    {
        ExperimentConfiguration changed = ConfigurationFile.Parse(
            """{ "from": "digits", "set": { "training.epochs": 3, "coupling": { "data": false }, "model.layers": 2 }, "name": "mine" }""",
            "test");
        Assert.Equal(
            ConfigurationOverrides.Apply(
                Presets.Load("digits"), ["training.epochs=3", "coupling.data=false", "layers=2", "name=mine"]),
            changed);
    }

    [Theory]
    [InlineData("""{ "from": "digit" }""", "unknown preset \"digit\"; did you mean \"digits\"?")]
    [InlineData("""{ "from": 3 }""", "from is 3; it must be a text.")]
    [InlineData("""{ "from": "digits", "sets": {} }""", "unknown key \"sets\"; did you mean \"set\"?")]
    [InlineData("""{ "from": "digits", "set": [] }""", "set must be an object of paths and values, such as { \"training.epochs\": 5 }.")]
    [InlineData("""{ "from": "digits", "set": { "model.layer": 3 } }""", "model.layer: unknown key \"model.layer\"; did you mean \"layers\"?")]
    [InlineData("""{ "from": "digits", "set": { "layers": "a" } }""", "layers: model.layers is \"a\"; it must be a whole number.")]
    [InlineData("""{ "from": "digits", "set": { "layers": 0 } }""", "model.layers is 0; it must be a whole number from 1 to 10000.")]
    public void A_wrong_difference_is_refused_by_path(string json, string sentence) =>
        Assert.Equal($"test: {sentence}", Refusal(json));

    [Fact]
    public void Comments_trailing_commas_and_a_late_kind_are_read()
    {
        ExperimentConfiguration configuration = ConfigurationFile.Parse(
            """
            {
              // A comment.
              "training": { "optimizer": { "learningRate": 0.5, "kind": "adamax", }, },
            }
            """,
            "test");
        Assert.Equal(new AdamaxChoice { LearningRate = 0.5 }, configuration.Training.Optimizer);
    }

    [Fact]
    public void Every_enumeration_is_written_in_lower_case_with_hyphens_and_read_again()
    {
        foreach (Activation activation in Enum.GetValues<Activation>())
        {
            var configuration = new ExperimentConfiguration
            {
                Model = new VariationalAutoencoder
                {
                    Data = new GaussianData
                    {
                        Residual = DataResidual.Evidence,
                        Network = new PerceptronDesign { Hidden = [], Activation = activation },
                    },
                },
                Dataset = new DatasetChoice { Binarization = BinarizationRule.None },
            };
            string json = ConfigurationFile.ToJson(configuration);
            Assert.Equal(configuration, ConfigurationFile.Parse(json, "test"));
            Assert.Equal(activation == Activation.LeakyRelu, json.Contains("\"leaky-relu\"", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Networks_of_different_widths_are_different_and_their_lists_are_their_own()
    {
        int[] widths = [3, 4];
        var network = new PerceptronDesign { Hidden = widths };
        widths[0] = 5;
        Assert.Equal(new PerceptronDesign { Hidden = [3, 4] }, network);
        Assert.NotEqual(new PerceptronDesign { Hidden = [4, 3] }, network);
        Assert.NotEqual(new PerceptronDesign { Hidden = [3, 4], Activation = Activation.Tanh }, network);
    }

    [Fact]
    public void Damaged_text_is_refused_with_its_line() =>
        Assert.StartsWith(
            "presets/x.json: this is not valid JSON at line 3 (", Refusal("{\n\"seed\": 1,\n\"name\": }", "presets/x.json"));

    [Fact]
    public void A_member_given_twice_is_refused() =>
        Assert.Contains("seed", Refusal("""{ "seed": 1, "seed": 2 }"""), StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("// only a comment")]
    [InlineData("{} {}")]
    [InlineData("{ \"name\": \"\\ud800\" }")]
    [InlineData("{ \"\\ud800\": 1 }")]
    [InlineData("{ \"model\": { \"kind\": \"\\udc00\" } }")]
    [InlineData("{ \"model\": { \"kind\": \"variational\", \"$type\": \"x\" } }")]
    [InlineData("{ \"model\": { \"\\u006bind\": \"variational\", \"kind\": \"variational\" } }")]
    [InlineData("{ \"training\": { \"optimizer\": { \"kind\": \"adam\", \"learningRate\": -1e999 } } }")]
    public void Odd_text_is_refused_in_one_sentence(string json)
    {
        string sentence = Refusal(json);
        Assert.StartsWith("test: ", sentence, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', sentence);
    }

    [Fact]
    public void Half_of_a_surrogate_pair_is_refused() =>
        Assert.Contains("surrogate", Refusal("{ \"name\": \"\ud800\" }"), StringComparison.Ordinal);

    [Fact]
    public void An_escaped_kind_is_read_as_well()
    {
        ExperimentConfiguration configuration =
            ConfigurationFile.Parse("{ \"model\": { \"\\u006bind\": \"variational\", \"layers\": 3 } }", "test");
        Assert.Equal(3, Assert.IsType<VariationalAutoencoder>(configuration.Model).Layers);
    }

    [Fact]
    public void Deep_nesting_is_refused() =>
        Assert.Contains(
            "not valid JSON",
            Refusal("{ \"model\": " + new string('[', 100_000) + new string(']', 100_000) + "}"),
            StringComparison.Ordinal);

    [Fact]
    public void A_file_is_read_with_or_without_a_byte_order_mark()
    {
        string path = Path.Combine(_folder, "a.json");
        foreach (bool mark in (bool[])[true, false])
        {
            File.WriteAllText(path, PresetText.Read("digits"), new UTF8Encoding(mark));
            Assert.Equal(Presets.Load("digits"), ConfigurationFile.Load(path));
        }
    }

    [Fact]
    public void A_missing_file_is_named_and_is_no_wrong_usage()
    {
        string path = Path.Combine(_folder, "missing.json");
        SereException error = Assert.Throws<SereException>(() => ConfigurationFile.Load(path));
        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Throws<SereException>(() => ConfigurationFile.Load(Path.Combine(path, "none.json")));
        Assert.Throws<SereException>(() => ConfigurationFile.Load(_folder));
    }

    [Fact]
    public void What_the_system_reports_about_a_file_is_put_into_one_sentence()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        string path = Path.Combine(_folder, "circle.json");
        File.CreateSymbolicLink(path, path);
        string message = Assert.Throws<SereException>(() => ConfigurationFile.Load(path)).Message;
        Assert.StartsWith($"The configuration file \"{path}\" cannot be read (", message, StringComparison.Ordinal);
        Assert.EndsWith(").", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_too_large_or_not_text_is_refused_by_name()
    {
        string path = Path.Combine(_folder, "a.json");
        File.WriteAllText(path, "{}" + new string(' ', ConfigurationFile.MaximumBytes - 1));
        Assert.StartsWith($"{path}: ", Assert.Throws<UsageException>(() => ConfigurationFile.Load(path)).Message);
        File.WriteAllText(path, "{}" + new string(' ', ConfigurationFile.MaximumBytes - 2));
        Assert.Equal(new ExperimentConfiguration(), ConfigurationFile.Load(path));
        File.WriteAllBytes(path, [.. "{ \"name\": \""u8, 0xff, 0xfe, .. "\" }"u8]);
        Assert.StartsWith($"{path}: ", Assert.Throws<UsageException>(() => ConfigurationFile.Load(path)).Message);
        Assert.Contains("larger", Refusal(new string('é', ConfigurationFile.MaximumBytes)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_endless_file_is_refused()
    {
        if (OperatingSystem.IsLinux())
        {
            Assert.Throws<UsageException>(() => ConfigurationFile.Load("/dev/zero"));
        }
    }

    internal static string Refusal(string json, string source = "test") =>
        Assert.Throws<UsageException>(() => ConfigurationFile.Parse(json, source)).Message;

    private static IEnumerable<(string Path, string Member, string Kinds)> Members(JsonObject tree, string path, string kinds)
    {
        kinds += $"/{tree["kind"]}";
        foreach ((string name, JsonNode? value) in tree)
        {
            yield return (path, name, kinds);
            if (value is JsonObject child)
            {
                foreach (var below in Members(child, path.Length == 0 ? name : $"{path}.{name}", kinds))
                {
                    yield return below;
                }
            }
        }
    }
}
