using System.Text.Json;
using System.Text.Json.Nodes;
using Sere.Bijectors;
using Sere.Hierarchies;
using Sere.Kernels;
using Sere.Likelihoods;
using Sere.Models;
using Sere.Networks;
using Sere.Runs.Configuration;
using Sere.Training;
using Xunit;

namespace Sere.Tests.Runs.Configuration;

public sealed class ConfigurationOverridesTests
{
    private static readonly ExperimentConfiguration Digits = Presets.Load("digits");

    [Fact]
    public void No_override_changes_nothing() => Assert.Equal(Digits, ConfigurationOverrides.Apply(Digits, []));

    [Fact]
    public void A_path_from_the_experiment_sets_its_member()
    {
        ExperimentConfiguration changed = ConfigurationOverrides.Apply(
            Digits,
            ["seed=7", "training.epochs=3", "model.layers=12", "training.gradientClip=10", "evaluation.limit=null"]);
        Assert.Equal(
            Digits with
            {
                Seed = 7,
                Training = Digits.Training with { Epochs = 3, GradientClip = 10 },
                Model = Model(Digits) with { Layers = 12 },
            },
            changed);
    }

    [Fact]
    public void A_path_from_the_model_may_leave_the_model_out()
    {
        ExperimentConfiguration changed = ConfigurationOverrides.Apply(
            Digits, ["coupling.prior=false", "data.residual=evidence", "prior.scaleFloor=1", "latents=3"]);
        VariationalAutoencoder model = Model(Digits);
        Assert.Equal(
            Digits with
            {
                Model = model with
                {
                    Latents = new LayerSizes(3),
                    Coupling = model.Coupling with { Prior = false },
                    Data = model.Data with { Residual = DataResidual.Evidence },
                    Prior = model.Prior with { ScaleFloor = 1 },
                },
            },
            changed);
    }

    [Fact]
    public void The_last_of_several_overrides_of_one_path_wins() =>
        Assert.Equal(9, ConfigurationOverrides.Apply(Digits, ["seed=8", "seed=9"]).Seed);

    [Fact]
    public void Ranges_hold_for_the_result_and_not_for_each_step()
    {
        ExperimentConfiguration changed =
            ConfigurationOverrides.Apply(Digits, ["prior.scaleFloor=10", "prior.scaleCeiling=20"]);
        Assert.Equal(10, Model(changed).Prior.ScaleFloor);
        Assert.Equal(
            "--set: model.prior.scaleFloor is 10; it must be greater than 0 and less than scaleCeiling "
            + "(7.38905609893065).",
            Refusal("prior.scaleFloor=10"));
    }

    [Theory]
    [InlineData("description=123", "123")]
    [InlineData("description=\"quoted\"", "quoted")]
    [InlineData("description= a = b ", "a = b")]
    [InlineData("description=true", "true")]
    [InlineData("description=null", "null")]
    [InlineData("description=\"half", "\"half")]
    public void A_text_may_be_bare_or_a_literal(string text, string description) =>
        Assert.Equal(description, ConfigurationOverrides.Apply(Digits, [text]).Description);

    [Theory]
    [InlineData("data.network.hidden=[64,32]", new[] { 64, 32 })]
    [InlineData("data.network.hidden=[]", new int[0])]
    public void A_list_is_given_whole(string text, int[] expected)
    {
        NetworkDesign network = Model(ConfigurationOverrides.Apply(Digits, [text])).Data.Network;
        Assert.Equal(new PerceptronDesign { Hidden = expected }, network);
    }

    [Fact]
    public void Another_kind_keeps_what_both_share_and_resets_the_rest()
    {
        ExperimentConfiguration gaussian = ConfigurationOverrides.Apply(
            Digits, ["data.residual=evidence", "data.kind=gaussian", "data.scaleFloor=0.25", "dataset.binarization=none"]);
        Assert.Equal(
            new GaussianData
            {
                Residual = DataResidual.Evidence,
                Network = Model(Digits).Data.Network,
                ScaleFloor = 0.25,
            },
            Model(gaussian).Data);

        ExperimentConfiguration bernoulli = ConfigurationOverrides.Apply(
            gaussian, ["data.kind=\"bernoulli\"", "dataset.binarization=dynamic"]);
        Assert.Equal(
            new BernoulliData { Residual = DataResidual.Evidence, Network = Model(Digits).Data.Network },
            Model(bernoulli).Data);
        Assert.Equal(
            new GaussianData().ScaleFloor,
            Assert.IsType<GaussianData>(
                Model(ConfigurationOverrides.Apply(bernoulli, ["data.kind=gaussian", "dataset.binarization=none"])).Data).ScaleFloor);

        Assert.Equal(
            new AdamaxChoice { LearningRate = 0.01 },
            ConfigurationOverrides.Apply(
                Digits, ["training.optimizer.learningRate=1e-2", "training.optimizer.kind=adamax"]).Training.Optimizer);
    }

    [Theory]
    [InlineData("model.bijector", typeof(BijectorChoice))]
    [InlineData("model.data", typeof(DataChoice))]
    [InlineData("training.optimizer", typeof(OptimizerChoice))]
    public void Each_kind_can_be_set_by_itself_and_has_the_defaults_of_what_the_others_do_not_share(string path, Type type)
    {
        foreach (var (from, before) in ConfigurationSchema.Kinds(type))
        {
            foreach (var (to, after) in ConfigurationSchema.Kinds(type))
            {
                object choice = Activator.CreateInstance(after)!;
                string rule = choice is DataChoice { TakesBinary: false } ? "none" : "dynamic";
                string[] whole = choice is DataChoice { FlowSpace: not null } ? ["coupling.data=false", "model.partition.kind=whole"] : [];
                JsonNode changed = JsonNode.Parse(ConfigurationFile.ToJson(ConfigurationOverrides.Apply(
                    Digits, [.. whole, $"{path}.kind={from}", $"{path}.kind={to}", $"dataset.binarization={rule}"])))!;
                JsonNode target = path.Split('.').Aggregate(changed, (node, name) => node[name]!);
                Assert.Equal(to, target["kind"]!.GetValue<string>());
                JsonNode defaults = JsonSerializer.SerializeToNode(choice, after, ConfigurationSchema.Options)!;
                foreach (string name in ConfigurationSchema.Members(after).Keys
                    .Except(ConfigurationSchema.Members(before).Keys, StringComparer.Ordinal))
                {
                    Assert.True(JsonNode.DeepEquals(defaults[name], target[name]), $"{from} to {to}: {name}");
                }
            }
        }
    }

    [Fact]
    public void A_member_of_a_kind_set_just_before_needs_no_default()
    {
        ExperimentConfiguration changed = ConfigurationOverrides.Apply(
            Digits,
            [
                "dataset.binarization=none", "data={\"kind\":\"gaussian\"}", "data.network.activation=tanh", "coupling={}",
                "coupling.data=false",
            ]);
        Assert.Equal(new PerceptronDesign { Activation = Activation.Tanh }, Model(changed).Data.Network);
        Assert.Equal(new CouplingChoice { Data = false }, Model(changed).Coupling);
    }

    [Theory]
    [InlineData("coupling.priors=false", "unknown key \"model.coupling.priors\"; did you mean \"prior\"?")]
    [InlineData("model.layer=3", "unknown key \"model.layer\"; did you mean \"layers\"?")]
    [InlineData("layer=3", "unknown key \"layer\"; did you mean \"layers\"?")]
    [InlineData("trainin.epochs=3", "unknown key \"trainin\"; did you mean \"training\"?")]
    [InlineData("training.epoch=3", "unknown key \"training.epoch\"; did you mean \"epochs\"?")]
    [InlineData("training.optimizer.kin=adam", "unknown key \"training.optimizer.kin\"; did you mean \"kind\"?")]
    [InlineData("data.scaleFlor=1", "unknown key \"model.data.scaleFlor\"; it must be one of \"residual\", \"network\", \"pixels\", \"kind\".")]
    [InlineData("data.kind=gausian", "unknown kind \"gausian\" of model.data; did you mean \"gaussian\"?")]
    [InlineData("data.kind=3", "unknown kind \"3\" of model.data; it must be one of KINDS.")]
    [InlineData("data.residual=evidenc", "unknown value \"evidenc\" of model.data.residual; did you mean \"evidence\"?")]
    [InlineData("seed.x=1", "seed has no keys of its own; set it whole to a whole number.")]
    [InlineData("prior.network.hidden.0=1", "model.prior.network.hidden has no keys of its own; set it whole to a list of whole numbers, such as [200, 200].")]
    [InlineData("training.epochs=many", "training.epochs is \"many\"; it must be a whole number.")]
    [InlineData("training.epochs=1.5", "training.epochs is 1.5; it must be a whole number.")]
    [InlineData("training.epochs=", "training.epochs is \"\"; it must be a whole number.")]
    [InlineData("coupling.prior=yes", "model.coupling.prior is \"yes\"; it must be true or false.")]
    [InlineData("prior.network.hidden=[100", "model.prior.network.hidden is \"[100\"; it must be a list of whole numbers, such as [200, 200].")]
    [InlineData("prior.network.hidden=100", "model.prior.network.hidden is 100; it must be a list of whole numbers, such as [200, 200].")]
    [InlineData("data=gaussian", "model.data is \"gaussian\"; it must be an object whose \"kind\" is one of KINDS.")]
    [InlineData("data={\"residual\":\"joint\"}", "model.data.kind is missing; it must be one of KINDS.")]
    [InlineData("training.epochs", "it must be a path, \"=\" and a value, such as training.epochs=5.")]
    [InlineData("=5", "it must be a path, \"=\" and a value, such as training.epochs=5.")]
    [InlineData("training..epochs=3", "unknown key \"training.\"; it must be one of \"epochs\", \"batchSize\", \"precision\", \"capture\", \"importanceSamples\", \"importanceSamplesFrom\", \"optimizer\", \"schedule\", \"annealing\", \"gradientClip\", \"gradientSkip\", \"averageDecay\", \"maximumSkippedSteps\", \"checkpoints\".")]
    public void A_wrong_override_is_refused_in_one_sentence(string text, string sentence) =>
        Assert.Equal($"--set {text}: {sentence.Replace("KINDS", DataKinds, StringComparison.Ordinal)}", Refusal(text));

    [Theory]
    [InlineData("[100, ]")]
    [InlineData("[100 /* one */]")]
    public void A_list_may_have_what_a_file_may_have(string list) =>
        Assert.Equal(
            [100],
            Assert.IsType<PerceptronDesign>(
                Model(ConfigurationOverrides.Apply(Digits, [$"evidence.network.hidden={list}"])).Evidence.Network).Hidden);

    [Fact]
    public void A_kind_is_no_member_of_a_record_without_kinds() =>
        Assert.StartsWith("--set seed.kind=1: ", Refusal("seed.kind=1"), StringComparison.Ordinal);

    [Theory]
    [InlineData("name=\"\\ud800\"")]
    [InlineData("data={\"kind\":\"\\udc00\"}")]
    [InlineData("data.kind=\"\\ud800\"")]
    [InlineData("seed=99999999999999999999")]
    [InlineData("training.gradientClip=1e999")]
    [InlineData("prior={\"scaleFloor\":1e999}")]
    [InlineData("coupling={\"prior\":true,\"prior\":false}")]
    public void An_odd_value_is_refused_in_one_sentence(string text) =>
        Assert.StartsWith($"--set {text}: ", Refusal(text), StringComparison.Ordinal);

    [Fact]
    public void Half_of_a_surrogate_pair_in_an_argument_does_no_harm() =>
        Assert.Equal("\ufffd", ConfigurationOverrides.Apply(Digits, ["description=\ud800"]).Description);

    private static VariationalAutoencoder Model(ExperimentConfiguration configuration) =>
        Assert.IsType<VariationalAutoencoder>(configuration.Model);

    private static string DataKinds { get; } =
        string.Join(", ", ConfigurationSchema.Kinds(typeof(DataChoice)).Keys.Select(kind => $"\"{kind}\""));

    private static string Refusal(string text) =>
        Assert.Throws<UsageException>(() => ConfigurationOverrides.Apply(Digits, [text])).Message;
}
