using System.Diagnostics;
using Sere.Data;
using Sere.Distributed;
using Sere.Numerics;
using Sere.Runs.Configuration;
using Sere.Training;
using TorchSharp;

namespace Sere.Performance;

/// <summary>How fast several processes train a preset together, and what their exchange takes of it.</summary>
internal static class DistributedBenchmark
{
    private const int WarmUpSteps = 5;
    private const int Exchanges = 51;

    /// <summary>Measures in all processes of the group.</summary>
    /// <param name="configuration">What to train.</param>
    /// <param name="steps">Steps to measure, three times.</param>
    /// <param name="device">Where.</param>
    /// <param name="group">The processes.</param>
    /// <param name="onPart">Called with what is measured next.</param>
    public static DistributedReport Measure(
        ExperimentConfiguration configuration,
        int steps,
        torch.Device device,
        ProcessGroup group,
        Action<string> onPart)
    {
        group.RequireSame(("command", $"{ConfigurationFile.ToJson(configuration)} {steps} {device.type}"));
        int batch = configuration.Training.BatchSize;
        var images = BenchmarkImages.For(configuration, batch * group.Count * 2);
        onPart("a step of one process, while the others wait");
        var alone = group.IsFirst ? Step(configuration, images, steps, device, ProcessGroup.Alone) : default;
        group.Meet();
        onPart("the same batch, shared");
        var strong = Step(configuration, images, steps, device, group);
        onPart("as large a batch for each process");
        var larger = configuration with { Training = configuration.Training with { BatchSize = batch * group.Count } };
        var weak = Step(larger, images, steps, device, group);
        onPart("the numbers that each draws, and the exchange alone");
        double drawn = Drawing(configuration, images, strong.NoiseSize);
        float[] gradients = new float[strong.Numbers];
        double[] exchanges = new double[Exchanges];
        for (int i = 0; i < Exchanges; i++)
        {
            group.Meet();
            exchanges[i] = Timing.Once(() => group.Sum<float>(gradients));
        }

        double copied = new MachineCeilings(torch.CPU).CopyBytesPerMillisecond;
        double sent = 2.0 * (group.Count - 1) / group.Count * strong.Numbers * sizeof(float);
        return new DistributedReport(
            configuration.Name,
            group.Library ?? "none",
            group.Count,
            torch.get_num_threads(),
            batch,
            strong.Numbers * sizeof(float),
            alone.Milliseconds,
            strong.Milliseconds,
            weak.Milliseconds,
            alone.Milliseconds / (group.Count * strong.Milliseconds),
            alone.Milliseconds / weak.Milliseconds,
            drawn,
            exchanges.Min(),
            2 * sent / copied);
    }

    private static double Drawing(ExperimentConfiguration configuration, ImageSet images, int noiseSize)
    {
        var training = configuration.Training;
        using var batches = new TrainingBatches(
            images,
            configuration.Dataset.Preparation,
            training.BatchSize,
            new RandomStreams(configuration.Seed),
            torch.CPU,
            configuration.Dataset.HorizontalFlips);
        return Enumerable.Range(0, Exchanges).Min(epoch => Timing.Once(() =>
        {
            using var scope = torch.NewDisposeScope();
            batches.Draw(epoch, 0, noiseSize, training.ImportanceSamples);
        }));
    }

    private static (double Milliseconds, int Numbers, int NoiseSize) Step(
        ExperimentConfiguration configuration, ImageSet images, int steps, torch.Device device, ProcessGroup group)
    {
        using var model = configuration.Model.Build(images.Shape, configuration.Seed, device: device);
        using var trainer = new Trainer(
            model,
            configuration.Training with { Epochs = 1_000_000 },
            images,
            configuration.Dataset.Preparation,
            configuration.Seed,
            configuration.Dataset.HorizontalFlips,
            group);
        var times = new List<double>();
        long start = Stopwatch.GetTimestamp();
        while (times.Count < steps + WarmUpSteps)
        {
            trainer.RunEpoch(_ =>
            {
                times.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                start = Stopwatch.GetTimestamp();
            });
        }

        return (times.Skip(WarmUpSteps).Min(), (int)trainer.Parameters.Gradients.numel(), model.NoiseSize);
    }
}

/// <summary>
/// What several processes take together. Times are the shortest of many: all processes wait for the one that is
/// disturbed.
/// </summary>
/// <param name="Preset">What they train.</param>
/// <param name="Library">The library of MPI.</param>
/// <param name="Processes">How many.</param>
/// <param name="Threads">Threads of each.</param>
/// <param name="Batch">Images of the preset's step.</param>
/// <param name="GradientBytes">Bytes that are added up in each step.</param>
/// <param name="AloneMilliseconds">A step of one process.</param>
/// <param name="SharedMilliseconds">A step of all of them together, with the same batch.</param>
/// <param name="LargerMilliseconds">A step of all of them together, with as large a batch for each.</param>
/// <param name="StrongEfficiency">Share of the ideal speed with the same batch: alone / (processes * shared).</param>
/// <param name="WeakEfficiency">Share of the ideal speed with as large a batch for each: alone / larger.</param>
/// <param name="DrawMilliseconds">To draw the random numbers of the preset's batch, which each process does.</param>
/// <param name="ExchangeMilliseconds">To add up gradients.</param>
/// <param name="ExchangeFloorMilliseconds">
/// What a process must send of it, 2 (N - 1) / N of the gradients, read and written once at the rate of a large copy.
/// </param>
internal sealed record DistributedReport(
    string Preset, string Library, int Processes, int Threads, int Batch, long GradientBytes, double AloneMilliseconds,
    double SharedMilliseconds, double LargerMilliseconds, double StrongEfficiency, double WeakEfficiency,
    double DrawMilliseconds, double ExchangeMilliseconds, double ExchangeFloorMilliseconds)
{
    /// <summary>The exchange as a multiple of its floor.</summary>
    public double ExchangeOverFloor => ExchangeMilliseconds / ExchangeFloorMilliseconds;
}
