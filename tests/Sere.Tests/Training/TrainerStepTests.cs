using Sere.Data;
using Sere.Models;
using Sere.Numerics;
using Sere.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Training;

/// <summary>What one step does with the gradient that it meets.</summary>
public sealed class TrainerStepTests : IDisposable
{
    private const int Dimensions = 4;
    private static readonly float[] Slope = [3, 0, -4, 0];
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Theory]
    [InlineData(null, 1)]
    [InlineData(10.0, 1)]
    [InlineData(1.0, 0.2)]
    public void A_gradient_above_the_limit_is_shortened_to_it(double? limit, double factor)
    {
        // The loss is minus the bound, so its gradient is minus the slope, of norm 5.
        var (trainer, _) = Start((weights, x, _) => Linear(weights, x), new() { Epochs = 1, BatchSize = 4, GradientClip = limit });
        var metrics = trainer.Epoch();
        float[] moment = trainer.Optimizer.FirstMoment[..Dimensions].data<float>().ToArray();
        Assert.All(Slope.Zip(moment), pair => Assert.Equal(-0.1 * pair.First * factor, pair.Second, 1e-6));
        Assert.Equal(5, metrics.GradientNorm, 1e-5);
    }

    [Fact]
    public void The_loss_weighs_the_divergence_by_beta_and_the_metrics_do_not()
    {
        var annealing = new KlAnnealing { Start = 0.25, Fraction = 1 };
        var model = TinyExperiment.Model();
        var images = TinyExperiment.Images(8);
        using var trainer = TinyExperiment.Trainer(model, new() { Epochs = 2, BatchSize = 8, Annealing = annealing }, images);
        using var whole = TinyExperiment.Trainer(TinyExperiment.Model(), new() { Epochs = 2, BatchSize = 8 }, images);
        var annealed = trainer.Epoch();
        var full = whole.Epoch();
        Assert.Equal(0.25, annealed.Beta);
        Assert.Equal(1, full.Beta);
        Assert.True(full.KlPerLayer.Sum() > 0);
        Assert.Equal(full.Elbo, annealed.Elbo);
        Assert.Equal(annealed.LogLikelihoodTerm - annealed.KlPerLayer.Sum(), annealed.Elbo, 1e-12);
        Assert.NotEqual(
            TinyExperiment.Bits(whole.Optimizer.FirstMoment), TinyExperiment.Bits(trainer.Optimizer.FirstMoment));
        Assert.Equal(0.625, trainer.Epoch().Beta);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(2.1)]
    public void A_step_whose_loss_is_not_finite_or_whose_gradient_is_too_long_is_skipped_and_counted(double bad)
    {
        // Good gradients have norm 5.
        var (trainer, model) = Start(
            (weights, x, call) => Linear(weights, x).Times(call is 1 or 2 ? bad : 1),
            new() { Epochs = 1, BatchSize = 4, MaximumSkippedSteps = 2, AverageDecay = 0.9, GradientSkip = 10 },
            images: 16);
        var seen = new List<(byte[] Weights, byte[] Average, long Updates, int InARow)>();
        var metrics = trainer.Epoch(progress => seen.Add((
            TinyExperiment.Bits(model.Weights),
            TinyExperiment.Bits(trainer.Average!.Values),
            trainer.Optimizer.Steps,
            progress.SkippedInARow)));
        Assert.Equal([1, 1, 1, 2], seen.Select(step => step.Updates));
        Assert.Equal([0, 1, 2, 0], seen.Select(step => step.InARow));
        Assert.Equal(seen[0].Weights, seen[2].Weights);
        Assert.Equal(seen[0].Average, seen[2].Average);
        Assert.NotEqual(seen[2].Weights, seen[3].Weights);
        Assert.NotEqual(seen[2].Average, seen[3].Average);
        Assert.Equal(2, metrics.SkippedSteps);
        Assert.Equal(4, metrics.Step);
        Assert.True(double.IsFinite(metrics.Elbo));
        Assert.Equal(5, metrics.GradientNorm, 1e-5);
    }

    [Fact]
    public void A_step_whose_gradient_alone_is_not_finite_is_skipped()
    {
        // The square root of 0 is 0, and its slope is infinite.
        var (trainer, model) = Start(
            (weights, x, _) => Linear(weights, x).Plus(weights.sqrt().sum()),
            new() { Epochs = 1, BatchSize = 4, MaximumSkippedSteps = 1 });
        Assert.Equal(1, trainer.Epoch().SkippedSteps);
        Assert.Equal(new float[Dimensions], model.Weights.data<float>().ToArray());
    }

    [Fact]
    public void Too_many_skipped_steps_in_a_row_end_the_run_with_the_last_good_weights()
    {
        // Two good steps, then none; an epoch has three, so that the row goes on from one epoch to the next.
        var (trainer, model) = Start(
            (weights, x, call) => Linear(weights, x).Times(call < 2 ? 1 : double.NaN),
            new() { Epochs = 5, BatchSize = 4, MaximumSkippedSteps = 3 },
            images: 12);
        Assert.NotNull(trainer.Epoch());
        byte[] good = TinyExperiment.Bits(model.Weights);
        var error = Assert.Throws<SereException>(() => trainer.Epoch());
        Assert.Contains("4 steps in a row, up to step 6", error.Message);
        Assert.Contains("training.optimizer.learningRate", error.Message);
        Assert.Equal(good, TinyExperiment.Bits(model.Weights));
        Assert.Equal(5, trainer.Progress.Step);
    }

    /// <summary>Shown to fail by taking the dispose scope out of the trainer's step.</summary>
    [Fact]
    public void A_step_leaves_no_tensor_behind()
    {
        using var model = TinyExperiment.Model();
        using var trainer = TinyExperiment.Trainer(
            model,
            new() { Epochs = 1, BatchSize = 2, AverageDecay = 0.9, GradientClip = 0.01 },
            TinyExperiment.Images(60));
        var alive = new List<long>();
        trainer.Epoch(_ => alive.Add(DisposeScopeManager.Statistics.ThreadTotalLiveCount));
        Assert.Equal(30, alive.Count);
        Assert.Equal(alive[5], alive[^1]);
    }

    private static torch.Tensor Linear(torch.Tensor weights, torch.Tensor x) =>
        (x * weights * torch.tensor(Slope)).sum([1]);

    /// <summary>A trainer on images whose pixels are all 1.</summary>
    private static (Trainer Trainer, StubLikelihood Model) Start(
        Func<torch.Tensor, torch.Tensor, int, torch.Tensor> logLikelihood, TrainingChoice training, int images = 4)
    {
        var model = new StubLikelihood(Dimensions, logLikelihood);
        var data = new ImageSet(
            new ImageShape(1, 2, 2), [.. Enumerable.Repeat(byte.MaxValue, images * Dimensions)]);
        return (new Trainer(new DensityModel(model), training, data, BinarizationRule.None, seed: 1), model);
    }
}
