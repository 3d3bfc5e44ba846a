using System.Globalization;
using Sere.Evaluation;
using Sere.Numerics;
using Sere.Runs;
using Sere.Runs.Configuration;
using Sere.Training;
using TorchSharp;

namespace Sere.Benchmarks;

/// <summary>
/// What <see cref="MemoryForecast"/> says of a preset's training step, and of a chunk of its evaluation, beside the peaks that
/// the system tells of three steps and of two chunks.
/// </summary>
internal static class MemoryForecastAccuracy
{
    private const double Mebibyte = 1 << 20;
    private const int Steps = 3;
    private const int Chunk = 20;
    private const int Samples = 100;

    // As much as a run may take before it is refused: so near to the limit nothing is forecast from one part alone.
    private const double Margin = 1.2;

    /// <summary>Measures and prints two rows of a table.</summary>
    /// <param name="preset">Its name.</param>
    /// <param name="overrides">What is changed, each "path=value".</param>
    public static void Run(string preset, IEnumerable<string> overrides)
    {
        CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        NativeLibraries.EnsureLoaded();
        torch.set_num_threads(1);
        var configuration = ConfigurationOverrides.Apply(Presets.Load(preset), overrides);
        var splits = RunDataset.Load(configuration);
        var (training, rule) = (configuration.Training, configuration.Dataset.Preparation);
        using var model = configuration.Model.Build(splits.Train.Shape, configuration.Seed);
        ModelPreparation.Start(model, configuration, splits.Train.Slice(0, Math.Min(2000, splits.Train.Count)));
        using var trainer = new Trainer(
            model, training, splits.Train, rule, configuration.Seed, configuration.Dataset.HorizontalFlips);
        trainer.Rehearse(1, training.ImportanceSamples);
        Print(
            "step",
            () =>
            {
                using var stop = new CancellationTokenSource();
                int steps = 0;
                trainer.RunEpoch(
                    _ =>
                    {
                        if (++steps == Steps)
                        {
                            stop.Cancel();
                        }
                    },
                    stop.Token);
            },
            images => trainer.Rehearse(images, training.ImportanceSamples),
            Math.Min(splits.Train.Count, training.BatchSize));
        model.eval();
        void Evaluate(int images, int rows) => ImportanceSampledLikelihood.Evaluate(
            model, splits.Test.Slice(0, images), rule, new EvaluationOptions { ImportanceSamples = Samples, RowsAtOnce = rows });
        Print("chunk", () => Evaluate(2 * Chunk, Samples * Chunk), images => Evaluate(images, Samples * images), Chunk);

        void Print(string what, Action work, Action<int> part, int parts)
        {
            long peak = ProcessMemory.PeakOf(work) ?? throw new SereException("This system does not tell the peak of a process.");
            double forecast = new MemoryForecast(configuration, (long)(Margin * peak)).Predict(part, parts);
            Console.WriteLine(
                $"| `{preset}`, {what} | {peak / Mebibyte:F0} | {forecast / Mebibyte:F0} | {forecast / peak:F2} |");
        }
    }
}
