using System.Buffers.Binary;
using System.Text.Json;
using Sere.Data;
using Sere.Hierarchies;
using Sere.Runs;
using Sere.Runs.Configuration;
using Sere.Tests.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Runs;

/// <summary>
/// Names and layouts of weights are a format that other programs read: docs/run-folder.md documents them. The files are
/// read here from their bytes alone.
/// </summary>
public sealed class WeightsFileTests : FolderTests
{
    [Fact]
    public void The_weights_of_a_run_have_stable_names_and_shapes()
    {
        var tensors = Read(Path.Combine(Train().Checkpoints, "best.safetensors"));
        Assert.Equal(
            [
                "encoder.networks.bias0 [2,1,8]",
                "encoder.networks.bias1 [2,1,4]",
                "encoder.networks.weight0 [2,16,8]",
                "encoder.networks.weight1 [2,8,4]",
                "hierarchy.layer0.bijector.parameters.constant [6]",
                "hierarchy.layer1.bijector.parameters.network.bias0 [4]",
                "hierarchy.layer1.bijector.parameters.network.bias1 [6]",
                "hierarchy.layer1.bijector.parameters.network.weight0 [4,2]",
                "hierarchy.layer1.bijector.parameters.network.weight1 [6,4]",
                "hierarchy.layer1.prior.parameters.network.bias0 [4]",
                "hierarchy.layer1.prior.parameters.network.bias1 [4]",
                "hierarchy.layer1.prior.parameters.network.weight0 [4,2]",
                "hierarchy.layer1.prior.parameters.network.weight1 [4,4]",
                "likelihood.latent.bias0 [2,1,8]",
                "likelihood.latent.bias1 [2,1,8]",
                "likelihood.latent.weight0 [2,2,8]",
                "likelihood.latent.weight1 [2,8,8]",
                "likelihood.residual.evidence.bias0 [1,1,8]",
                "likelihood.residual.evidence.weight0 [1,8,8]",
                "likelihood.residual.join [1,8,8]",
                "likelihood.residual.output_bias [1,1,8]",
                "likelihood.residual.output_weight [1,8,8]",
            ],
            tensors.Select(tensor => $"{tensor.Key} [{string.Join(',', tensor.Value.Shape)}]")
                .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_checkpoint_adds_its_prefix_and_the_state_of_the_optimizer()
    {
        var folder = Train();
        string[] weights = [.. Read(Path.Combine(folder.Checkpoints, "best.safetensors")).Keys];
        string[] checkpoint = [.. Read(Directory.GetFiles(folder.Checkpoints, "step-*.safetensors")[0]).Keys];
        Assert.Equal(
            [.. weights.Select(name => "model." + name), "optimizer.first_moment", "optimizer.second_moment"],
            checkpoint);
    }

    [Fact]
    public void Every_name_of_a_model_is_documented_and_every_documented_name_is_that_of_a_model()
    {
        string[][] configurations =
        [
            [],
            ["coupling.prior=false"],
            ["coupling.bijector=false", "data.residual=evidence"],
            ["coupling.data=false"],
            ["dataset.binarization=none", "data.kind=gaussian", "data.network.hidden=[8, 8]"],
        ];
        Assert.Equal(
            DocumentedNames().Order(StringComparer.Ordinal),
            configurations.SelectMany(overrides => ParameterNames(overrides)).Select(WithoutNumbers)
                .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_documented_names_and_layouts_are_enough_to_compute_the_evidence_of_an_image()
    {
        var folder = Train();
        var tensors = Read(Path.Combine(folder.Checkpoints, "best.safetensors"));
        double[] image = [.. Enumerable.Range(0, 16).Select(pixel => pixel % 3 == 0 ? 1.0 : 0)];

        using var model = TrainedModel.Load(folder.Root);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var evidence = model.Model.Encode(torch.tensor(image).to(torch.float32).view(1, 16)).Evidence;
        for (int layer = 0; layer < 2; layer++)
        {
            double[] hidden = [.. Map(tensors, layer, 0, image).Select(value => value > 0 ? value : Math.Exp(value) - 1)];
            double[] features = Map(tensors, layer, 1, hidden);
            double[] ds = [.. features[2..].Select(value => 1 / (1 + (Math.Exp(-value) * 0.05 / 0.95)))];
            var residuals = (EvidenceResiduals)evidence[layer];
            RequireEqual(features[..2], residuals.Mean);
            RequireEqual(ds, residuals.LogScale.exp());
        }
    }

    /// <summary>x W + b with entry <paramref name="layer"/> of a stack, row after row.</summary>
    private static double[] Map(
        Dictionary<string, (long[] Shape, float[] Values)> tensors, int layer, int map, double[] x)
    {
        var (shape, weight) = tensors[$"encoder.networks.weight{map}"];
        float[] bias = tensors[$"encoder.networks.bias{map}"].Values;
        (int inputs, int outputs) = ((int)shape[1], (int)shape[2]);
        Assert.Equal(x.Length, inputs);
        return
        [
            .. Enumerable.Range(0, outputs).Select(output => bias[(layer * outputs) + output] + x
                .Select((value, input) => value * weight[(((layer * inputs) + input) * outputs) + output]).Sum()),
        ];
    }

    private static void RequireEqual(double[] expected, torch.Tensor actual)
    {
        float[] values = actual.data<float>().ToArray();
        Assert.Equal(expected.Length, values.Length);
        Assert.All(expected.Zip(values), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    private static IEnumerable<string> ParameterNames(string[] overrides)
    {
        var configuration = ConfigurationOverrides.Apply(TinyExperiment.Configuration, [.. overrides]);
        using var model = configuration.Model.Build(TinyExperiment.Shape, seed: 1);
        return [.. model.named_parameters().Select(parameter => parameter.name)];
    }

    /// <summary>A name with {l} for the number of a layer and {i} for that of a map.</summary>
    private static string WithoutNumbers(string name) => string.Join('.', name.Split('.').Select(part =>
        part.TrimEnd([.. "0123456789"]) is var stem && stem.Length < part.Length
            ? stem + (stem is "layer" ? "{l}" : "{i}")
            : part));

    /// <summary>The rows of the table of names.</summary>
    private static string[] DocumentedNames()
    {
        string page = File.ReadAllText(Path.Combine(RepositoryFolder.Path, "docs", "run-folder.md"));
        string section = page.Split("### Names of the parameters\n")[1].Split("\n## ")[0];
        string[] names =
        [
            .. section.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal))
                .Select(line => line.Split('`')[1]),
        ];
        Assert.True(names.Length > 10, "The table of names was not found.");
        return names;
    }

    private static Dictionary<string, (long[] Shape, float[] Values)> Read(string path)
    {
        byte[] file = File.ReadAllBytes(path);
        int start = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        var tensors = new Dictionary<string, (long[] Shape, float[] Values)>(StringComparer.Ordinal);
        foreach (var entry in JsonDocument.Parse(file.AsMemory(8, start - 8)).RootElement.EnumerateObject())
        {
            if (entry.NameEquals("__metadata__"))
            {
                continue;
            }

            Assert.Equal("F32", entry.Value.GetProperty("dtype").GetString());
            int[] offsets = [.. entry.Value.GetProperty("data_offsets").EnumerateArray().Select(one => one.GetInt32())];
            tensors.Add(
                entry.Name,
                ([.. entry.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())],
                [
                    .. Enumerable.Range(0, (offsets[1] - offsets[0]) / 4).Select(index =>
                        BinaryPrimitives.ReadSingleLittleEndian(file.AsSpan(start + offsets[0] + (4 * index)))),
                ]));
        }

        return tensors;
    }

    private RunFolder Train()
    {
        var folder = new RunFolder(_folder.File("run"));
        var splits = DatasetSplits.FromTrainingImages(
            "tiny", TinyExperiment.Images(40), TinyExperiment.Images(4), validationImages: 8);
        using var run = TrainingRun.Start(TinyExperiment.Configuration, splits, folder);
        run.Execute(TestContext.Current.CancellationToken);
        return folder;
    }
}
