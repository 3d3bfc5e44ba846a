using Sere.Data;
using Sere.Models;
using Sere.Networks;
using Sere.Numerics;
using Sere.Runs.Configuration;
using TorchSharp;

namespace Sere.Runs;

/// <summary>What a model takes from the training images before its first step.</summary>
internal static class ModelPreparation
{
    /// <summary>Refuses data that a flow has no density for.</summary>
    /// <exception cref="UsageException">
    /// The data are bytes that stay levels, or lie beyond the domain of a logit.
    /// </exception>
    public static void RequireFit(ExperimentConfiguration configuration, DatasetSplits splits)
    {
        if (configuration.Model.DataLayer.FlowSpace is not { } preprocessing)
        {
            return;
        }

        if (!splits.Train.IsReal && configuration.Dataset.Dequantization == DequantizationRule.None)
        {
            throw new UsageException(
                $"The images of '{splits.Name}' are bytes, of whose few levels a flow's density can grow without "
                + "bound; give --set dataset.dequantization=uniform.");
        }

        if (preprocessing.LogitAlpha is not null && ValueRange.Of(splits.Train) is { IsGrey: false } range)
        {
            throw new UsageException(
                $"The values of '{splits.Name}' go from {range}, and model preprocessing by logit takes "
                + "values in 0..1; set its kind to standardize.");
        }
    }

    /// <summary>Brings a model to where training starts.</summary>
    public static void Start(DensityModel model, ExperimentConfiguration configuration, ImageSet training)
    {
        using var scope = torch.NewDisposeScope();
        if (DataDependentStart.IsUsedBy(model))
        {
            StartFromBatch(model, configuration, training);
        }

        model.InitializeOutput(training.Mean());
        if (configuration.Model.DataLayer.FlowSpace is { IsFitted: true })
        {
            model.FitSpace(Binarization.EvaluationImages(
                training.ToTensor().to(model.Device),
                0,
                configuration.Dataset.Preparation,
                new RandomStreams(configuration.Seed)));
        }
    }

    /// <summary>Lets one batch, drawn without replacement, set the scales and biases of normalized layers.</summary>
    private static void StartFromBatch(DensityModel model, ExperimentConfiguration configuration, ImageSet training)
    {
        using var generator = new RandomStreams(configuration.Seed).Open(StreamPurpose.Start);
        int count = Math.Min(training.Count, configuration.Training.BatchSize);
        var order = torch.randperm(training.Count, generator: generator);
        int[] chosen = [.. order.data<long>().Take(count).Select(i => (int)i)];
        var grey = training.Select(chosen).ToTensor();
        var x = Binarization.TrainingBatch(grey, configuration.Dataset.Preparation, generator).to(model.Device);
        model.InitializeFromData(x, torch.randn([count, model.NoiseSize], generator: generator).to(model.Device));
    }
}
