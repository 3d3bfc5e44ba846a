using Sere.Data;
using Sere.Models;
using Sere.Runs.Configuration;
using Sere.Training;
using Xunit;

namespace Sere.Tests.Training;

/// <summary>A model of 4 x 4 pixels in two layers of two latents, and images for it.</summary>
internal static class TinyExperiment
{
    public static ImageShape Shape { get; } = new(1, 4, 4);

    public static ExperimentConfiguration Configuration { get; } = ConfigurationOverrides.Apply(
        new ExperimentConfiguration
        {
            Name = "tiny",
            Dataset = new DatasetChoice { Shape = new ImageShape(1, 4, 4) },
            Training = new TrainingChoice { Epochs = 4, BatchSize = 8 },
        },
        [
            "model.layers=2",
            "model.latents=2",
            "model.evidence.network.hidden=[8]",
            "model.prior.network.hidden=[4]",
            "model.bijector.network.hidden=[4]",
            "model.data.network.hidden=[8]",
        ]);

    public static DensityModel Model(long seed = 1) =>
        Configuration.Model.Build(Shape, seed);

    public static Trainer Trainer(
        DensityModel model, TrainingChoice training, ImageSet images, long seed = 1) =>
        new(model, training, images, BinarizationRule.Dynamic, seed);

    /// <summary>Trains to the end of the epoch.</summary>
    public static EpochMetrics Epoch(this Trainer trainer, Action<TrainingProgress>? onStep = null) =>
        trainer.RunEpoch(onStep, TestContext.Current.CancellationToken)!;

    /// <summary>Images that are light or dark throughout: each pixel tells all others.</summary>
    public static ImageSet Images(int count)
    {
        byte[] pixels = new byte[count * Shape.Dimensions];
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = i / Shape.Dimensions % 2 == 0 ? (byte)20 : (byte)235;
        }

        return new ImageSet(Shape, pixels);
    }

    /// <summary>Every bit of a tensor.</summary>
    public static byte[] Bits(TorchSharp.torch.Tensor values) => values.bytes.ToArray();
}
