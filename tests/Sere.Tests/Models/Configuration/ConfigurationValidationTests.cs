using Sere.Distributions;
using Sere.Models.Configuration;
using Xunit;

namespace Sere.Tests.Models.Configuration;

public sealed class ConfigurationValidationTests
{
    [Theory]
    [InlineData("dataset.validationImages", "1", "0")]
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
    [InlineData("model.prior.meanBound", "0.1", "0")]
    [InlineData("model.prior.scaleFloor", "1e-9", "0")]
    [InlineData("model.prior.scaleFloor", "7", "7.38905609893065")]
    [InlineData("model.prior.scaleCeiling", "1e9", "0")]
    [InlineData("model.posterior.initialScale", "0.5", "0")]
    [InlineData("model.posterior.initialScale", "0.999", "1")]
    [InlineData("model.bijector.network.hidden", "[5]", "[0]")]
    [InlineData("model.bijector.diagonalFloor", "0.001", "0")]
    [InlineData("model.bijector.diagonalFloor", "0.999", "1")]
    [InlineData("model.bijector.diagonalCeiling", "1.001", "1")]
    [InlineData("model.data.network.hidden", "[5]", "[0]")]
    [InlineData("training.epochs", "1", "0")]
    [InlineData("training.batchSize", "1", "0")]
    [InlineData("training.importanceSamples", "1", "0")]
    [InlineData("training.importanceSamples", "10000", "10001")]
    [InlineData("training.optimizer.learningRate", "1e-9", "0")]
    [InlineData("training.optimizer.learningRate", "1e30", "1e31")]
    [InlineData("training.optimizer.beta1", "0", "-0.1")]
    [InlineData("training.optimizer.beta1", "0.99", "1")]
    [InlineData("training.optimizer.beta2", "0", "1")]
    [InlineData("training.optimizer.epsilon", "1e-30", "1e-31")]
    [InlineData("training.schedule.warmUp", "1", "1.1")]
    [InlineData("training.schedule.warmUp", "0", "-0.1")]
    [InlineData("training.schedule.finalFraction", "1", "1.1")]
    [InlineData("training.annealing.start", "0", "-0.1")]
    [InlineData("training.annealing.start", "1", "1.1")]
    [InlineData("training.annealing.fraction", "1", "1.1")]
    [InlineData("training.gradientClip", "null", "0")]
    [InlineData("training.averageDecay", "null", "0")]
    [InlineData("training.averageDecay", "0.9995", "1")]
    [InlineData("training.maximumSkippedSteps", "0", "-1")]
    [InlineData("training.checkpoints.everyEpochs", "1", "0")]
    [InlineData("training.checkpoints.everyMinutes", "0.5", "0")]
    [InlineData("training.checkpoints.everyMinutes", "null", "-1")]
    [InlineData("training.checkpoints.kept", "1", "0")]
    [InlineData("evaluation.importanceSamples", "1", "0")]
    [InlineData("evaluation.importanceSamples", "1000000", "1000001")]
    [InlineData("dataset.shape", "{\"channels\":3,\"height\":1,\"width\":65536}", "{\"channels\":1,\"height\":65536,\"width\":65536}")]
    [InlineData("dataset.resize", "{\"height\":10,\"width\":10}", "{\"height\":65536,\"width\":65536}")]
    [InlineData("model.latentGrid", "{\"height\":2,\"width\":4}", "{\"height\":65536,\"width\":65536}")]
    [InlineData("evaluation.limit", "null", "0")]
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

    [Theory]
    [InlineData("diagonal-affine", "diagonalFloor", "0.999", "1")]
    [InlineData("diagonal-affine", "diagonalCeiling", "1.001", "1")]
    [InlineData("diagonal-affine", "network.hidden", "[5]", "[0]")]
    [InlineData("inverse-autoregressive", "steps", "1", "0")]
    [InlineData("inverse-autoregressive", "steps", "1000", "1001")]
    [InlineData("inverse-autoregressive", "gateFloor", "0.001", "0")]
    [InlineData("inverse-autoregressive", "gateFloor", "0.89", "0.9")]
    [InlineData("inverse-autoregressive", "network.hidden", "[5]", "[0]")]
    [InlineData("spline-coupling", "steps", "1", "0")]
    [InlineData("spline-coupling", "steps", "1000", "1001")]
    [InlineData("spline-coupling", "bins", "1", "0")]
    [InlineData("spline-coupling", "bins", "1000", "1001")]
    [InlineData("spline-coupling", "tailBound", "0.001", "0")]
    [InlineData("spline-coupling", "network.hidden", "[5]", "[0]")]
    public void A_bijector_of_another_kind_has_ranges_of_its_own(string kind, string key, string accepted, string refused)
    {
        ExperimentConfiguration digits = Presets.Load("digits");
        string choice = $"model.bijector.kind={kind}";
        ConfigurationOverrides.Apply(digits, [choice, $"model.bijector.{key}={accepted}"]).Validate();
        UsageException error = Assert.Throws<UsageException>(
            () => ConfigurationOverrides.Apply(digits, [choice, $"model.bijector.{key}={refused}"]));
        Assert.StartsWith($"--set: model.bijector.{key}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.flow.steps", "1", "0")]
    [InlineData("model.flow.bins", "1", "0")]
    [InlineData("model.flow.tailBound", "0.1", "0")]
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

    [Theory]
    [InlineData("mixtures", "100", "101")]
    [InlineData("mixtures", "1", "0")]
    [InlineData("levels", "2", "1")]
    [InlineData("levels", "65536", "65537")]
    [InlineData("scaleFloor", "1e-6", "0")]
    [InlineData("scaleFloor", "1", "1.1")]
    public void A_mixture_of_logistics_has_ranges(string key, string allowed, string refused)
    {
        ExperimentConfiguration digits = Presets.Load("digits");
        string[] kind = ["model.data.kind=logistic-mixture", "dataset.binarization=none"];
        ConfigurationOverrides.Apply(digits, [.. kind, $"model.data.{key}={allowed}"]).Validate();
        UsageException error = Assert.Throws<UsageException>(
            () => ConfigurationOverrides.Apply(digits, [.. kind, $"model.data.{key}={refused}"]));
        Assert.Contains($"model.data.{key} is {refused}", error.Message);
    }

    // Before, a Bernoulli was trained on the continuous values of the first three, and the last two were ignored.
    [Theory]
    [InlineData(
        "mnist-ladder",
        "model.data.kind is \"flow\"; it must be bernoulli, gaussian or logistic-mixture here: ")]
    [InlineData(
        "mnist-iaf",
        "model.data.kind is \"flow\"; it must be bernoulli, gaussian or logistic-mixture here: ")]
    [InlineData(
        "mnist-relaxed-bernoulli",
        "model.data.kind is \"flow\"; it must be bernoulli, gaussian or logistic-mixture here: ")]
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
    [InlineData("mnist-iaf", "latents", "1", "0")]
    [InlineData("mnist-iaf", "context", "1", "0")]
    [InlineData("mnist-iaf", "posterior.scaleFloor", "0.001", "0")]
    [InlineData("mnist-iaf", "posterior.scaleCeiling", "1", "0.01")]
    [InlineData("mnist-iaf", "posterior.initialScale", "7", "8")]
    [InlineData("mnist-iaf", "bijector.steps", "1", "0")]
    [InlineData("mnist-iaf", "evidence.network.hidden", "[]", "[0]")]
    [InlineData("mnist-iaf", "data.network.hidden", "[]", "[0]")]
    [InlineData("mnist-ladder", "latents", "[1, 2, 3, 4, 5]", "[1, 2, 3, 4, 0]")]
    [InlineData("mnist-ladder", "latents", "[9, 2, 3, 4, 5]", "7")]
    [InlineData("mnist-ladder", "widths", "3", "[3, 4]")]
    [InlineData("mnist-ladder", "hiddenLayers", "1", "0")]
    [InlineData("mnist-ladder", "meanBound", "0.1", "0")]
    [InlineData("mnist-ladder", "scaleFloor", "0.9", "1")]
    [InlineData("mnist-ladder", "scaleCeiling", "1.1", "1")]
    [InlineData("mnist-ladder", "data.network.hidden", "[]", "[0]")]
    [InlineData("mnist-relaxed-bernoulli", "latents", "1", "0")]
    [InlineData("mnist-relaxed-bernoulli", "latents", "1000", "1001")]
    [InlineData("mnist-relaxed-bernoulli", "context", "1", "0")]
    [InlineData("mnist-relaxed-bernoulli", "network.hidden", "[]", "[0]")]
    [InlineData("mnist-relaxed-bernoulli", "evidence.network.hidden", "[]", "[0]")]
    [InlineData("mnist-relaxed-bernoulli", "posteriorTemperature", "0.1", "0")]
    [InlineData("mnist-relaxed-bernoulli", "priorTemperature", "0.1", "0")]
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
                Model = new VariationalModelConfiguration
                {
                    Data = new BernoulliDataConfiguration { Network = new MlpConfiguration { Hidden = [2, -3] } },
                },
            }));

    [Fact]
    public void A_list_of_too_many_widths_is_refused() =>
        Assert.Equal(
            "model.prior.network.hidden is a list of 101; it must be a list of at most 100 widths.",
            Refusal(new ExperimentConfiguration
            {
                Model = new VariationalModelConfiguration
                {
                    Prior = new PriorConfiguration
                    {
                        Network = new MlpConfiguration { Hidden = [.. Enumerable.Repeat(1, 101)] },
                    },
                },
            }));

    [Fact]
    public void The_scale_floor_of_Gaussian_data_is_positive() =>
        Assert.Equal(
            "model.data.scaleFloor is 0; it must be greater than 0 and finite.",
            Refusal(new ExperimentConfiguration
            {
                Model = new VariationalModelConfiguration { Data = new GaussianDataConfiguration { ScaleFloor = 0 } },
            }));

    [Fact]
    public void Not_a_number_is_in_no_range() =>
        Assert.Equal(
            "training.schedule.warmUp is NaN; it must be from 0 to 1.",
            Refusal(new ExperimentConfiguration
            {
                Training = new TrainingConfiguration { Schedule = new ScheduleConfiguration { WarmUp = double.NaN } },
            }));

    [Fact]
    public void A_number_that_names_nothing_is_refused_as_an_enumeration() =>
        Assert.StartsWith(
            "model.posterior.residual is 7; ",
            Refusal(new ExperimentConfiguration
            {
                Model = new VariationalModelConfiguration
                {
                    Posterior = new PosteriorConfiguration { Residual = (PosteriorResidual)7 },
                },
            }),
            StringComparison.Ordinal);

    [Fact]
    public void The_defaults_are_valid() => new ExperimentConfiguration().Validate();

    private static string Refusal(ExperimentConfiguration configuration) =>
        Assert.Throws<UsageException>(configuration.Validate).Message;
}
