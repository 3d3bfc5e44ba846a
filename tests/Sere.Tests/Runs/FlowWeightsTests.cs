using Sere.Data;
using Sere.Runs;
using Sere.Runs.Configuration;
using Sere.Storage;
using Sere.Tests.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Runs;

/// <summary>The order of a flow's dimensions is in its weights file.</summary>
public sealed class FlowWeightsTests : FolderTests
{
    private const string Order = "density.layer0.step1.order";

    [Theory]
    [InlineData("random", CheckpointChoice.Best)]
    [InlineData("random", CheckpointChoice.Last)]
    [InlineData("linear", CheckpointChoice.Best)]
    public void Another_seed_in_the_configuration_changes_no_score(string permutation, CheckpointChoice checkpoint)
    {
        var folder = Train(permutation);
        double[] scores = Score(folder, checkpoint);
        string text = File.ReadAllText(folder.Configuration);
        File.WriteAllText(folder.Configuration, text.Replace("\"seed\": 1,", "\"seed\": 2,", StringComparison.Ordinal));
        Assert.Equal(2, folder.ReadConfiguration().Seed);
        Assert.Equal(scores, Score(folder, checkpoint));
    }

    [Fact]
    public void A_file_of_an_older_version_has_the_orders_of_the_seed()
    {
        var folder = Train("random");
        double[] scores = Score(folder, CheckpointChoice.Best);
        Rewrite(folder, tensors => tensors.Where(tensor => !string.Equals(tensor.Name, Order, StringComparison.Ordinal)));
        Assert.Equal(scores, Score(folder, CheckpointChoice.Best));
    }

    [Fact]
    public void What_is_no_order_is_refused_by_name()
    {
        var folder = Train("random");
        Rewrite(folder, tensors => tensors.Select(tensor => (
            tensor.Name, string.Equals(tensor.Name, Order, StringComparison.Ordinal) ? torch.zeros_like(tensor.Value) : tensor.Value)));
        string message = Assert.Throws<SereException>(() => Score(folder, CheckpointChoice.Best)).Message;
        Assert.Contains(Order, message, StringComparison.Ordinal);
        Assert.Contains("each of 0 to 15 once", message, StringComparison.Ordinal);
    }

    private static double[] Score(RunFolder folder, CheckpointChoice checkpoint)
    {
        using var model = TrainedModel.Load(folder.Root, checkpoint);
        return model.LogLikelihood(TinyExperiment.Images(3));
    }

    private static void Rewrite(
        RunFolder folder, Func<IEnumerable<(string Name, torch.Tensor Value)>, IEnumerable<(string, torch.Tensor)>> change)
    {
        string path = Path.Combine(folder.Checkpoints, "best.safetensors");
        using var scope = torch.NewDisposeScope();
        using var file = SafeTensors.Read(path);
        Assert.Contains(Order, file.Tensors.Keys);
        SafeTensors.Write(path, change(file.Tensors.Select(tensor => (tensor.Key, tensor.Value))));
    }

    private RunFolder Train(string permutation)
    {
        var configuration = ConfigurationOverrides.Apply(
            TinyExperiment.Configuration,
            [
                "model={\"kind\":\"flow\",\"flow\":{\"kind\":\"maf\",\"steps\":2,\"network\":{\"kind\":\"mlp\",\"hidden\":[4]}}}",
                $"model.flow.permutation={permutation}", "dataset.binarization=none", "dataset.dequantization=uniform",
            ]);
        var folder = new RunFolder(_folder.File("run"));
        var splits = DatasetSplits.FromTrainingImages(
            "tiny", TinyExperiment.Images(40), TinyExperiment.Images(4), validationImages: 8);
        using var run = TrainingRun.Start(configuration, splits, folder);
        run.Execute(TestContext.Current.CancellationToken);
        return folder;
    }
}
