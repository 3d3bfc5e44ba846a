using Sere.Data;
using Sere.Evaluation;
using Sere.Models;
using Sere.Networks;
using Sere.Numerics;
using Sere.Runs.Configuration;
using Sere.Training;

namespace Sere.Runs;

/// <summary>
/// Refuses a run that cannot fit into memory. What a step and an evaluation hold at their peak is measured on small parts
/// of them and carried on in proportion, so that no kind of model needs a formula of its own.
/// </summary>
internal sealed class MemoryForecast
{
    // Beside it, what the allocator and the system do is small.
    private const long Enough = 64L << 20;

    // The system counts the pages of a process in batches: a peak may be off by so much.
    private const long Unseen = 256L << 10;
    private const double Gibibyte = 1L << 30;
    private const int Repeats = 3;

    // Beyond what was predicted, for what fragments: the runs of docs/decisions/stability.md needed less.
    private const double Margin = 1.2;
    private readonly ExperimentConfiguration _configuration;
    private readonly long _available;

    /// <summary>A forecast for a configuration.</summary>
    /// <param name="configuration">What is to run.</param>
    /// <param name="available">Bytes that can be had; null for those of the machine.</param>
    public MemoryForecast(ExperimentConfiguration configuration, long? available = null)
    {
        _configuration = configuration;
        _available = available ?? ProcessMemory.Available();
    }

    /// <summary>Refuses training images to which a flow cannot be fitted.</summary>
    /// <exception cref="UsageException">They are too many.</exception>
    public void RequireFit(ImageSet training)
    {
        // The values, their logits, their distance from the mean, its square, and the bytes that they were.
        const int BytesOfValue = (4 * sizeof(float)) + 1;
        Require(
            "Fitting the preprocessing to the training images",
            _configuration.Model.DataLayer.FlowSpace is { IsFitted: true }
                ? (double)training.Count * training.Shape.Dimensions * BytesOfValue
                : 0,
            "dataset.trainingImages");
    }

    /// <summary>Refuses steps and evaluations that do not fit.</summary>
    /// <param name="trainer">Before its first step.</param>
    /// <param name="model">Its model.</param>
    /// <param name="splits">The data.</param>
    /// <exception cref="UsageException">One does not fit; the sentence names what to lower.</exception>
    public void Require(Trainer trainer, DensityModel model, DatasetSplits splits)
    {
        var (step, units) = Step(trainer, splits.Train.Count);
        int samples = _configuration.Training.ImportanceSamples;
        Require(
            "A training step",
            Predict(step, units),
            samples > 1 ? $"training.importanceSamples ({samples}) or training.batchSize ({_configuration.Training.BatchSize})"
            : _configuration.Training.BatchSize > 1 ? $"training.batchSize ({_configuration.Training.BatchSize})"
            : ParameterInitializer.Smaller);

        model.eval();
        var images = splits.Validation.Count > splits.Test.Count ? splits.Validation : splits.Test;
        var rule = _configuration.Dataset.Preparation;
        int block = Math.Min(EvaluationNoise.BlockSamples, _configuration.Evaluation.ImportanceSamples);
        int rows = EvaluationOptions.RowsOnCpu;
        double chunk = Predict(
            count => ImportanceSampledLikelihood.Evaluate(
                model,
                images.Slice(0, count),
                rule,
                new EvaluationOptions { ImportanceSamples = block, RowsAtOnce = count * block }),
            Math.Clamp(rows / block, 1, images.Count));
        double usage = Predict(
            count => LatentUsage.Measure(model, images.Slice(0, count), rule, seed: 1),
            Math.Min(images.Count, LatentUsage.ImagesAtOnce(model)));

        // Two figures of each latent and image by two draws, joined, and their products; the best weights and their file.
        double kept = 8.0 * sizeof(double) * images.Count * model.LatentsPerLayer.Sum();
        double weights = 2.0 * trainer.Parameters.Values.numel() * trainer.Parameters.Values.ElementSize;
        Require("An evaluation", Math.Max(chunk, usage + kept) + weights, ParameterInitializer.Smaller);
    }

    /// <summary>
    /// The bytes that work holds at its peak, all its parts at once, from what few parts hold; 0 where the system does not tell.
    /// </summary>
    /// <param name="work">Does so many parts.</param>
    /// <param name="parts">How many there are.</param>
    internal double Predict(Action<int> work, int parts)
    {
        // What is loaded and made for good by a first call does not grow with its size.
        if (ProcessMemory.PeakOf(() => work(1)) is null)
        {
            return 0;
        }

        double least = double.PositiveInfinity;

        // Another thread may take memory while one of them is measured.
        for (int repeat = 0; repeat < Repeats && least * Margin > _available; repeat++)
        {
            least = Math.Min(least, PredictOnce(work, parts));
        }

        return least;
    }

    private double PredictOnce(Action<int> work, int parts)
    {
        (int Parts, double Bytes) before = (0, 0);
        for (int count = 1; ; count = Math.Min(2 * count, parts))
        {
            if (ProcessMemory.PeakOf(() => work(count)) is not { } bytes)
            {
                return 0;
            }

            // Its share of what is there at any size included, this is more than it can be, but for what was not counted.
            double most = (double)bytes * parts / count;
            if (count == parts || most + ((double)Unseen * parts / count) < _available / 4.0)
            {
                return most;
            }

            bool isLarge = bytes > _available / 4.0;
            if (before.Parts > 0 && (isLarge || bytes >= Enough))
            {
                return bytes + ((parts - count) * Math.Max(0, bytes - before.Bytes) / (count - before.Parts));
            }

            if (isLarge)
            {
                return most;
            }

            before = (count, bytes);
        }
    }

    /// <summary>A step in parts: images, or blocks of importance samples of one image where these are many.</summary>
    private (Action<int> Work, int Parts) Step(Trainer trainer, int images)
    {
        int batch = Math.Min(images, _configuration.Training.BatchSize);
        int samples = _configuration.Training.ImportanceSamples;
        const int Block = EvaluationNoise.BlockSamples;
        int blocks = (samples + Block - 1) / Block;
        return (
            parts => trainer.Rehearse((parts + blocks - 1) / blocks, Math.Min(samples, parts * Block)),
            (int)Math.Min((long)batch * blocks, int.MaxValue));
    }

    private void Require(string what, double bytes, string keys)
    {
        if (bytes * Margin > _available)
        {
            throw new UsageException(
                $"{what} takes about {bytes * Margin / Gibibyte:F1} GiB of memory, and {Math.Max(0, _available) / Gibibyte:F1} GiB are "
                + $"free; lower {keys}.");
        }
    }
}
