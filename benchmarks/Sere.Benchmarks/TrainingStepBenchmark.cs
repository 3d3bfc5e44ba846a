using BenchmarkDotNet.Attributes;
using Sere.Data;
using Sere.Evaluation;
using Sere.Models;
using Sere.Models.Configuration;
using Sere.Numerics;
using Sere.Training;
using TorchSharp;

namespace Sere.Benchmarks;

/// <summary>
/// One epoch of training and one evaluation of preset mnist-mlp on built-in digits, which have MNIST's shape: what a change
/// to the engine is measured with.
/// </summary>
public class TrainingStepBenchmark
{
    private const int Images = 2000;
    private DensityModel _model = null!;
    private Trainer _trainer = null!;
    private ImageSet _images = null!;

    [GlobalSetup]
    public void Setup()
    {
        NativeLibraries.EnsureLoaded();
        var configuration = Presets.Load("mnist-mlp");
        _images = DigitsGenerator.GenerateTrain(Images);
        _model = ModelFactory.Create(configuration.Model, _images.Shape.Dimensions, configuration.Seed);
        var training = configuration.Training with { BatchSize = 100, Epochs = int.MaxValue / Images };
        _trainer = new Trainer(_model, training, _images, BinarizationRule.Dynamic, configuration.Seed);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _trainer.Dispose();
        _model.Dispose();
    }

    [Benchmark(Description = "20 training steps of 100 images")]
    public long TrainEpoch() => _trainer.RunEpoch()!.Step;

    [Benchmark(Description = "20 images with 100 importance samples")]
    public double Evaluate()
    {
        using var scope = torch.NewDisposeScope();
        var options = new EvaluationOptions { ImportanceSamples = 100 };
        return ImportanceSampledLikelihood.Evaluate(_model, _images.Slice(0, 20), BinarizationRule.Dynamic, options).Elbo[0];
    }
}
