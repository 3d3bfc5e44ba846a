using BenchmarkDotNet.Attributes;
using Sere.Data;
using Sere.Evaluation;
using Sere.Kernels;
using Sere.Models;
using Sere.Numerics;
using Sere.Runs.Configuration;
using Sere.Training;
using TorchSharp;

namespace Sere.Benchmarks;

/// <summary>
/// One epoch of training and one evaluation of preset mnist-mlp on built-in digits, which have MNIST's shape: what a change
/// to the engine is measured with.
/// </summary>
public class TrainingStepBenchmark
{
    private const int Images = 4000;
    private DensityModel _model = null!;
    private Trainer _trainer = null!;
    private ImageSet _images = null!;

    /// <summary>Which pieces of the engine are in use.</summary>
    [Params(EnginePieces.Plain, EnginePieces.All)]
    public EnginePieces Pieces { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        NativeLibraries.EnsureLoaded();
        var configuration = Presets.Load("mnist-mlp");
        _images = DigitsGenerator.GenerateTrain(Images);
        _model = configuration.Model.Build(_images.Shape, configuration.Seed);
        var training = configuration.Training with { Epochs = int.MaxValue / Images };
        _trainer = new Trainer(_model, training, _images, BinarizationRule.Dynamic, configuration.Seed);
    }

    [GlobalCleanup]
    public void Cleanup()
    {
        _trainer.Dispose();
        _model.Dispose();
    }

    [Benchmark(Description = "20 training steps of 200 images")]
    public long TrainEpoch()
    {
        using var pieces = UsePieces();
        return _trainer.RunEpoch()!.Step;
    }

    [Benchmark(Description = "20 images with 1000 importance samples")]
    public double Evaluate()
    {
        using var pieces = UsePieces();
        using var scope = torch.NewDisposeScope();
        var options = new EvaluationOptions { ImportanceSamples = 1000 };
        return ImportanceSampledLikelihood.Evaluate(_model, _images.Slice(0, 20), BinarizationRule.Dynamic, options).Elbo[0];
    }

    private IDisposable? UsePieces() => Pieces switch
    {
        EnginePieces.Plain => FusedKernels.UsePlainFormulas(),
        _ => null,
    };
}
