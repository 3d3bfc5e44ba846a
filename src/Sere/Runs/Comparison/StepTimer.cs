using System.Diagnostics;
using Sere.Data;
using Sere.Models;
using Sere.Models.Configuration;
using Sere.Training;
using TorchSharp;

namespace Sere.Runs.Comparison;

/// <summary>A model with its trainer that takes one step at a time.</summary>
internal sealed class StepTimer : IDisposable
{
    // More epochs than are ever timed.
    private const int Endless = 1_000_000;

    // Enough that batches are not always the same, few enough that many rows fit into memory.
    private const int BatchesKept = 4;
    private readonly DensityModel _model;
    private readonly Trainer _trainer;

    public StepTimer(ExperimentConfiguration configuration, ImageSet images)
    {
        var training = configuration.Training with { Epochs = Endless };
        int kept = images.Count < training.BatchSize
            ? images.Count
            : training.BatchSize * Math.Min(BatchesKept, images.Count / training.BatchSize);
        _model = ModelFactory.Create(configuration.Model, images.Shape, configuration.Seed);
        ModelPreparation.Start(_model, configuration, images, torch.CPU);
        _trainer = new Trainer(
            _model,
            training,
            images.Slice(0, kept),
            configuration.Dataset.Preparation,
            configuration.Seed,
            horizontalFlips: configuration.Dataset.HorizontalFlips);
    }

    /// <summary>Takes a step: its milliseconds.</summary>
    public double Step()
    {
        using var enough = new CancellationTokenSource();
        long start = Stopwatch.GetTimestamp();
        double milliseconds = 0;
        _trainer.RunEpoch(
            _ =>
            {
                milliseconds = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
                enough.Cancel();
            },
            enough.Token);
        return milliseconds;
    }

    public void Dispose()
    {
        _trainer.Dispose();
        _model.Dispose();
    }
}
