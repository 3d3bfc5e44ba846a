using Sere.Data;
using Sere.Models;
using Sere.Models.Configuration;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Training;

/// <summary>What a model takes from the training images before its first step.</summary>
internal static class ModelStart
{
    /// <summary>
    /// Starts normalized layers from one batch, drawn without replacement, then outputs from the mean image.
    /// </summary>
    public static void FromData(
        DensityModel model, ImageSet images, ExperimentConfiguration configuration, torch.Device device)
    {
        using var scope = torch.NewDisposeScope();
        if (DataDependentStart.IsUsedBy(model))
        {
            using var generator = new RandomStreams(configuration.Seed).Open(StreamPurpose.Start);
            int count = Math.Min(images.Count, configuration.Training.BatchSize);
            int[] chosen = [.. torch.randperm(images.Count, generator: generator).data<long>().Take(count).Select(i => (int)i)];
            var grey = images.Select(chosen).ToTensor();
            var x = Binarization.TrainingBatch(grey, configuration.Dataset.Binarization, generator).to(device);
            model.InitializeFromData(x, torch.randn([count, model.NoiseSize], generator: generator).to(device));
        }

        model.InitializeOutput(images.Mean().to(device));
    }
}
