using System.Reflection;
using System.Text.Json;
using Sere.Distributions;
using Sere.Hierarchies;
using Sere.Likelihoods;
using Sere.Models;
using Sere.Networks;
using Sere.Runs.Configuration;
using Sere.Training;
using Xunit;

namespace Sere.Tests.Runs.Configuration;

public sealed class ConfigurationValidationTests
{
    [Theory]
    [InlineData("dataset.trainingImages", "null", "0")]
    [InlineData("dataset.trainingImages", "1", "-1")]
    [InlineData("model.layers", "1", "0")]
    [InlineData("model.layers", "10000", "10001")]
    [InlineData("model.latents", "1", "0")]
    [InlineData("model.latents", "100000", "100001")]
    [InlineData("model.latents", "[1, 2, 3, 4, 5, 6, 7]", "[1, 2, 3, 4, 5, 6]")]
    [InlineData("model.latents", "[1, 2, 3, 4, 5, 6, 7]", "[1, 2, 3, 4, 5, 6, 0]")]
    [InlineData("model.evidence.network.hidden", "[]", "[0]")]
    [InlineData("model.evidence.network.hidden", "[65536]", "[65537]")]
    [InlineData("model.prior.network.hidden", "[1]", "[1, -1]")]
    [InlineData("model.prior.scaleFloor", "1e-9", "0")]
    [InlineData("model.prior.scaleFloor", "7", "7.38905609893065")]
    [InlineData("training.optimizer.learningRate", "1e-9", "0")]
    [InlineData("training.optimizer.learningRate", "1e30", "1e31")]
    [InlineData("training.optimizer.epsilon", "1e-30", "1e-31")]
    [InlineData("training.gradientClip", "null", "0")]
    [InlineData("dataset.shape", "{\"channels\":3,\"height\":1,\"width\":65536}", "{\"channels\":1,\"height\":65536,\"width\":65536}")]
    [InlineData("dataset.resize", "{\"height\":10,\"width\":10}", "{\"height\":65536,\"width\":65536}")]
    [InlineData("model.latentGrid", "{\"height\":2,\"width\":4}", "{\"height\":65536,\"width\":65536}")]
    [InlineData("dataset.name", "images:a", "")]
    [InlineData("name", "a", "")]
    [InlineData("name", "a.b-c_1", "a/b")]
    [InlineData("name", "a", "..")]
    [InlineData("dataset.binarization", "threshold", "none")]
    public void A_value_at_the_edge_is_accepted_and_one_beyond_it_is_refused_by_path(
        string path, string accepted, string refused)
    {
        ExperimentConfiguration digits = Presets.Load("digits");
        ConfigurationOverrides.Apply(digits, [$"{path}={accepted}"]).Validate();
        UsageException error =
            Assert.Throws<UsageException>(() => ConfigurationOverrides.Apply(digits, [$"{path}={refused}"]));
        Assert.StartsWith($"--set: {path}", error.Message, StringComparison.Ordinal);
        Assert.Contains("; it must be ", error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<Type> Choices =>
    [
        .. LibraryAssemblies.Types.Where(type => type.IsAssignableTo(typeof(Choice)) && !type.IsAbstract),
    ];

    /// <summary>
    /// Every range of every record: its ends, or what lies just within them, and what lies just beyond.
    /// </summary>
    [Theory]
    [MemberData(nameof(Choices))]
    public void Every_range_is_kept_at_its_ends(Type type)
    {
        foreach (var property in type.GetProperties().Where(property => property.CanWrite))
        {
            if (property.GetCustomAttribute<InAttribute>() is not { } within || property.PropertyType == typeof(string))
            {
                continue;
            }

            string[] bounds = within.Range[1..^1].Split(", ");
            double low = double.Parse(bounds[0]);
            double high = bounds[^1] is "inf" ? double.PositiveInfinity : double.Parse(bounds[^1]);
            bool whole = property.PropertyType != typeof(double) && property.PropertyType != typeof(double?);
            string range = within.Describe(whole && property.PropertyType != typeof(int?) ? typeof(int) : property.PropertyType);
            Assert.Equal(within.Range[0] != '(', Holds(low));
            Assert.Equal(within.Range[^1] != ')', Holds(high));
            Assert.True(Holds(whole ? low : (low + Math.Min(high, 1e9)) / 2));
            Assert.False(Holds(whole ? low - 1 : double.BitDecrement(low)));
            Assert.False(Holds(whole ? high + 1 : double.BitIncrement(high)));
            if (!whole)
            {
                Assert.False(Holds(double.NaN));
            }

            bool Holds(double value)
            {
                var record = (Choice)Activator.CreateInstance(type)!;
                property.SetValue(record, Value(property.PropertyType, value));
                string path = JsonNamingPolicy.CamelCase.ConvertName(property.Name);
                string? message = Record.Exception(() => record.Validate())?.Message;
                return message is null || !message.StartsWith(path, StringComparison.Ordinal)
                    || !message.Contains(range, StringComparison.Ordinal);
            }
        }
    }

    private static object Value(Type type, double value) =>
        type == typeof(LayerSizes) ? new LayerSizes((int)value)
        : type == typeof(IReadOnlyList<int>) ? (int[])[(int)value]
        : type == typeof(int) || type == typeof(int?) ? (object)(int)value
        : (object)value;

    [Theory]
    [InlineData("model.flow.network.hidden", "[5]", "[0]")]
    [InlineData("model.preprocessing", "{\"kind\":\"logit\",\"alpha\":0.1}", "{\"kind\":\"logit\",\"alpha\":0.5}")]
    [InlineData("dataset.binarization", "none", "dynamic")]
    [InlineData("dataset.binarization", "none", "dequantized")]
    public void A_flow_has_ranges_of_its_own(string path, string accepted, string refused)
    {
        ExperimentConfiguration flow = Presets.Load("toy-spline-flow");
        ConfigurationOverrides.Apply(flow, [$"{path}={accepted}"]).Validate();
        UsageException error =
            Assert.Throws<UsageException>(() => ConfigurationOverrides.Apply(flow, [$"{path}={refused}"]));
        Assert.StartsWith($"--set: {path}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"kind\":\"logit\",\"normalization\":\"whiten\"}", "{\"kind\":\"logit\",\"normalization\":\"whitened\"}")]
    [InlineData("{\"kind\":\"logit\",\"normalization\":\"standardize\"}", "{\"kind\":\"logit\",\"whiten\":true}")]
    [InlineData("{\"kind\":\"whiten\"}", "{\"kind\":\"whiten\",\"alpha\":0.1}")]
    public void What_is_fitted_to_the_data_of_a_flow_is_named(string accepted, string refused)
    {
        ExperimentConfiguration flow = Presets.Load("toy-spline-flow");
        ConfigurationOverrides.Apply(flow, [$"model.preprocessing={accepted}"]).Validate();
        UsageException error = Assert.Throws<UsageException>(
            () => ConfigurationOverrides.Apply(flow, [$"model.preprocessing={refused}"]));
        Assert.StartsWith("--set model.preprocessing=", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Binary_images_are_not_dequantized_and_a_flow_is_of_the_whole_image()
    {
        ExperimentConfiguration digits = Presets.Load("digits");
        Assert.StartsWith(
            "--set: dataset.dequantization",
            Assert.Throws<UsageException>(
                () => ConfigurationOverrides.Apply(digits, ["dataset.dequantization=uniform"])).Message,
            StringComparison.Ordinal);
        Assert.StartsWith(
            "--set: model.partition.kind",
            Assert.Throws<UsageException>(
                () => ConfigurationOverrides.Apply(digits, ["model.data.kind=flow", "dataset.binarization=none"])).Message,
            StringComparison.Ordinal);
    }

    // Before, a Bernoulli was trained on the continuous values of the first three, and the last two were ignored.
    [Theory]
    [InlineData(
        "mnist-ladder",
        "model.data.kind is \"flow\"; it must be bernoulli, gaussian")]
    [InlineData(
        "mnist-iaf",
        "model.data.kind is \"flow\"; it must be bernoulli, gaussian")]
    [InlineData(
        "mnist-relaxed-bernoulli",
        "model.data.kind is \"flow\"; it must be bernoulli, gaussian")]
    [InlineData(
        "mnist-dlgm",
        "model.partition.codes is \"last\"; it must be all where model.data.kind is flow, each layer of which sees its code.",
        "partition.codes=last")]
    [InlineData(
        "mnist-mlp",
        "model.partition.kind is \"checkerboard\"; it must be whole where model.data.kind is flow",
        "partition.kind=checkerboard",
        "layers=16")]
    public void A_flow_given_codes_is_refused_where_nothing_builds_it(string preset, string sentence, params string[] more)
    {
        string[] continuous = ["data.kind=flow", "dataset.binarization=none", "dataset.dequantization=uniform"];
        UsageException error = Assert.Throws<UsageException>(
            () => ConfigurationOverrides.Apply(Presets.Load(preset), [.. continuous, .. more]));
        Assert.StartsWith($"--set: {sentence}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_grid_of_latents_is_refused_where_the_image_sees_them_as_vectors()
    {
        UsageException error = Assert.Throws<UsageException>(() => ConfigurationOverrides.Apply(
            Presets.Load("mnist-dlgm"), ["model.latents=8", "model.latentGrid={\"height\":2,\"width\":2}"]));
        Assert.Equal(
            "--set: model.latentGrid is \"2x2\"; it must be null where model.partition.kind is whole, whose network sees the "
            + "codes as vectors.",
            error.Message);
    }

    [Fact]
    public void A_mixture_of_logistics_is_of_grey_values()
    {
        UsageException error = Assert.Throws<UsageException>(
            () => ConfigurationOverrides.Apply(Presets.Load("digits"), ["model.data.kind=logistic-mixture"]));
        Assert.Contains("none where model.data.kind is logistic-mixture", error.Message);
    }

    [Fact]
    public void A_checkerboard_has_a_layer_for_each_of_its_places()
    {
        ExperimentConfiguration digits = Presets.Load("digits");
        UsageException error = Assert.Throws<UsageException>(
            () => ConfigurationOverrides.Apply(digits, ["model.partition.kind=checkerboard"]));
        Assert.Equal(
            "--set: model.layers is 7; it must be 16, the blocks of a checkerboard of stride 4.", error.Message);
        ConfigurationOverrides.Apply(
            digits, ["model.partition.kind=checkerboard", "model.partition.stride=2", "partition.graph=grid", "model.layers=4"])
            .Validate();
        Assert.Throws<UsageException>(() => ConfigurationOverrides.Apply(
            digits, ["model.partition.kind=checkerboard", "model.partition.stride=0", "model.layers=1"]));
    }

    [Fact]
    public void A_whole_image_has_no_block_before_it()
    {
        ExperimentConfiguration digits = Presets.Load("digits");
        UsageException error = Assert.Throws<UsageException>(
            () => ConfigurationOverrides.Apply(digits, ["model.partition.kind=whole"]));
        Assert.Equal(
            "--set: model.coupling.data is \"true\"; it must be false where model.partition.kind is whole: there is no block "
            + "before.",
            error.Message);
        ConfigurationOverrides.Apply(digits, ["model.partition.kind=whole", "coupling.data=false"]).Validate();
    }

    [Fact]
    public void A_free_posterior_starts_within_its_bounds()
    {
        ExperimentConfiguration digits = Presets.Load("digits");
        UsageException error = Assert.Throws<UsageException>(
            () => ConfigurationOverrides.Apply(digits, ["posterior.residual=free", "prior.scaleFloor=1"]));
        Assert.StartsWith("--set: model.posterior.initialScale is 0.95; it must be between", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mnist-iaf", "posterior.scaleFloor", "0.001", "0")]
    [InlineData("mnist-iaf", "posterior.scaleCeiling", "1", "0.01")]
    [InlineData("mnist-iaf", "posterior.initialScale", "7", "8")]
    [InlineData("mnist-iaf", "evidence.network.hidden", "[]", "[0]")]
    [InlineData("mnist-iaf", "data.network.hidden", "[]", "[0]")]
    [InlineData("mnist-ladder", "latents", "[1, 2, 3, 4, 5]", "[1, 2, 3, 4, 0]")]
    [InlineData("mnist-ladder", "latents", "[9, 2, 3, 4, 5]", "7")]
    [InlineData("mnist-ladder", "widths", "3", "[3, 4]")]
    [InlineData("mnist-ladder", "hiddenLayers", "1", "0")]
    [InlineData("mnist-ladder", "data.network.hidden", "[]", "[0]")]
    [InlineData("mnist-relaxed-bernoulli", "network.hidden", "[]", "[0]")]
    [InlineData("mnist-relaxed-bernoulli", "evidence.network.hidden", "[]", "[0]")]
    [InlineData("mnist-relaxed-bernoulli", "data.network.hidden", "[]", "[0]")]
    public void Each_kind_of_model_has_ranges_of_its_own(string name, string key, string accepted, string refused)
    {
        ExperimentConfiguration preset = Presets.Load(name);
        ConfigurationOverrides.Apply(preset, [$"model.{key}={accepted}"]).Validate();
        UsageException error =
            Assert.Throws<UsageException>(() => ConfigurationOverrides.Apply(preset, [$"model.{key}={refused}"]));
        Assert.StartsWith($"--set: model.{key.Split('.')[0]}", error.Message, StringComparison.Ordinal);
        Assert.Contains("; it must be ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_names_the_place_of_its_wrong_value() =>
        Assert.Equal(
            "model.data.network.hidden[1] is -3; it must be a whole number from 1 to 65536.",
            Refusal(new ExperimentConfiguration
            {
                Model = new VariationalAutoencoder
                {
                    Data = new BernoulliData { Network = new PerceptronDesign { Hidden = [2, -3] } },
                },
            }));

    [Fact]
    public void A_list_of_too_many_widths_is_refused() =>
        Assert.Equal(
            "model.prior.network.hidden is a list of 101; it must be a list of at most 100 widths.",
            Refusal(new ExperimentConfiguration
            {
                Model = new VariationalAutoencoder
                {
                    Prior = new PriorChoice
                    {
                        Network = new PerceptronDesign { Hidden = [.. Enumerable.Repeat(1, 101)] },
                    },
                },
            }));

    [Fact]
    public void The_scale_floor_of_Gaussian_data_is_positive() =>
        Assert.Equal(
            "model.data.scaleFloor is 0; it must be greater than 0 and finite.",
            Refusal(new ExperimentConfiguration
            {
                Model = new VariationalAutoencoder { Data = new GaussianData { ScaleFloor = 0 } },
            }));

    [Fact]
    public void Not_a_number_is_in_no_range() =>
        Assert.Equal(
            "training.schedule.warmUp is NaN; it must be from 0 to 1.",
            Refusal(new ExperimentConfiguration
            {
                Training = new TrainingChoice { Schedule = new LearningRateSchedule { WarmUp = double.NaN } },
            }));

    [Fact]
    public void A_number_that_names_nothing_is_refused_as_an_enumeration() =>
        Assert.StartsWith(
            "model.posterior.residual is 7; ",
            Refusal(new ExperimentConfiguration
            {
                Model = new VariationalAutoencoder
                {
                    Posterior = new PosteriorChoice { Residual = (PosteriorResidual)7 },
                },
            }),
            StringComparison.Ordinal);

    [Fact]
    public void The_defaults_are_valid() => new ExperimentConfiguration().Validate();

    private static string Refusal(ExperimentConfiguration configuration) =>
        Assert.Throws<UsageException>(() => configuration.Validate()).Message;
}
