using Sere.Likelihoods;
using Sere.Models;
using Sere.Networks;
using Sere.Numerics;
using Sere.Runs;
using Sere.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Training;

/// <summary>
/// The running statistics of batch normalization go with the parameters: into checkpoints, averages and best weights.
/// </summary>
public sealed class RunningStatisticsTests : IDisposable
{
    private static readonly ModelChoice Ladder = new LadderAutoencoder
    {
        Latents = new LayerSizes([1, 2]),
        Widths = new LayerSizes([4, 6]),
        HiddenLayers = 1,
        Data = new BernoulliData { Network = new PerceptronDesign { Hidden = [6] } },
    };

    private static readonly TrainingChoice Training = new() { Epochs = 4, BatchSize = 8, AverageDecay = 0.9 };
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Running_statistics_are_views_of_the_flat_values_without_a_gradient_or_a_count()
    {
        using var model = Model();
        var buffers = RunningStatistics.Of(model);
        Assert.NotEmpty(buffers);
        using var flat = new FlatParameters(model);
        Assert.Equal(model.parameters().Sum(parameter => parameter.numel()), flat.Count);
        foreach (var (name, buffer) in buffers)
        {
            var segment = flat.Segments.Single(segment => string.Equals(segment.Name, name, StringComparison.Ordinal));
            using var noGrad = torch.no_grad();
            flat.Values.narrow(0, segment.Offset, segment.Length).FillInPlace(3);
            Assert.Equal(3, buffer.min().item<float>());
            Assert.Null(buffer.grad);
            Assert.True(segment.Offset >= flat.Trainable.numel());
        }

        Assert.Equal(flat.Trainable.shape, flat.Gradients.shape);
        Assert.True(flat.Trainable.numel() >= flat.Count);
        Assert.All(flat.Segments, segment => Assert.DoesNotContain('<', segment.Name));
    }

    [Fact]
    public void A_step_moves_statistics_by_the_batch_alone_and_their_average_follows()
    {
        using var model = Model();
        using var trainer = Trainer(model);
        var buffer = RunningStatistics.Of(model).First(entry => entry.Name.EndsWith("running_mean", StringComparison.Ordinal));
        trainer.Epoch();
        Assert.True(buffer.Value.abs().sum().item<float>() > 0);
        var averaged = trainer.Parameters.Unflatten(trainer.Average!.Values).Single(
            entry => string.Equals(entry.Name, buffer.Name, StringComparison.Ordinal)).Value;
        Assert.True(averaged.abs().sum().item<float>() > 0);
        Assert.NotEqual(TinyExperiment.Bits(buffer.Value), TinyExperiment.Bits(averaged));
    }

    [Fact]
    public void A_ladder_that_goes_on_from_its_checkpoint_ends_with_the_bits_of_one_that_never_stopped()
    {
        using var model = Model();
        using var trainer = Trainer(model);
        trainer.Epoch();
        var store = new CheckpointStore(_folder.Path);
        store.Save(trainer, Checkpoints.State(trainer));
        trainer.Epoch();
        using var other = Model(seed: 7);
        using var resumed = Trainer(other);
        store.Restore(resumed, _ => { });
        resumed.Epoch();
        Assert.Equal(TinyExperiment.Bits(trainer.Parameters.Values), TinyExperiment.Bits(resumed.Parameters.Values));
        Assert.Equal(TinyExperiment.Bits(trainer.Average!.Values), TinyExperiment.Bits(resumed.Average!.Values));
    }

    [Fact]
    public void Best_weights_bring_their_statistics_along()
    {
        using var model = Model();
        using var trainer = Trainer(model);
        trainer.Epoch();
        var store = new CheckpointStore(_folder.Path);
        store.SaveBest(trainer, 1, -1);
        using var loaded = Model(seed: 7);
        store.LoadWeights(loaded, CheckpointChoice.Best, _ => { });
        var expected = trainer.Parameters.Unflatten(trainer.EvaluationValues).ToDictionary(entry => entry.Name, entry => entry.Value);
        foreach (var (name, buffer) in RunningStatistics.Of(loaded))
        {
            Assert.Equal(TinyExperiment.Bits(expected[name].contiguous()), TinyExperiment.Bits(buffer));
        }
    }

    private static DensityModel Model(long seed = 1) => Ladder.Build(TinyExperiment.Shape, seed);

    private static Trainer Trainer(DensityModel model) =>
        TinyExperiment.Trainer(model, Training, TinyExperiment.Images(32));
}
