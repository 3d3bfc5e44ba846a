using Sere.Data;
using Sere.Models;
using Sere.Networks;
using Sere.Numerics;
using Sere.Runs;
using Sere.Runs.Configuration;
using Sere.Tests.Numerics;
using Sere.Tests.Training;
using Sere.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Runs;

[Collection(ProcessMemoryTests.Alone)]
public sealed class MemoryForecastTests : FolderTests
{
    private const long Mebibyte = 1L << 20;

    [Fact]
    public void A_step_that_does_not_fit_is_refused_with_the_key_to_lower()
    {
        // Before, such a run was started, and killed.
        string many = Refusal(200 * Mebibyte, "training.importanceSamples=10000", "training.batchSize=50");
        Assert.StartsWith("A training step takes about ", many, StringComparison.Ordinal);
        Assert.EndsWith(
            " 0.2 GiB are free; lower training.importanceSamples (10000) or training.batchSize (50).", many, StringComparison.Ordinal);
        Assert.EndsWith(
            "lower training.batchSize (50).", Refusal(-1, "training.batchSize=50"), StringComparison.Ordinal);
        Assert.Contains("lower the layers", Refusal(-1, "training.batchSize=1"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_fits_is_not_refused_and_starts_with_the_same_numbers()
    {
        var configuration = Configuration("model={\"kind\":\"ladder\",\"latents\":[2,3],\"widths\":[4,5]}");
        using var trainer = Trainer(configuration, out var model);
        using var other = Trainer(configuration, out var untouched);
        new MemoryForecast(configuration, available: 64L << 30).Require(trainer, model, Splits);
        for (int epoch = 0; epoch < 2; epoch++)
        {
            Assert.Equal(other.Epoch().Elbo, trainer.Epoch().Elbo);
        }

        Assert.Equal(TinyExperiment.Bits(other.Parameters.Values), TinyExperiment.Bits(trainer.Parameters.Values));
        model.Dispose();
        untouched.Dispose();
    }

    [Fact]
    public void The_peak_of_much_work_follows_from_that_of_little()
    {
        const int Parts = 200;
        double predicted = new MemoryForecast(TinyExperiment.Configuration, available: 1L << 30).Predict(
            parts => torch.ones((10 + parts) * 4 * Mebibyte, torch.ScalarType.Byte).Dispose(), Parts);
        if (ProcessMemory.PeakOf(() => { }) is not null)
        {
            Assert.InRange(predicted / ((10 + Parts) * 4 * Mebibyte), 0.9, 1.5);
        }
    }

    [Fact]
    public void A_flow_cannot_be_fitted_to_more_images_than_there_is_memory_for()
    {
        var configuration = Configuration(
            "model={\"kind\":\"flow\"}", "dataset.binarization=none", "dataset.dequantization=uniform");
        var forecast = new MemoryForecast(configuration, available: 10_000);
        forecast.RequireFit(TinyExperiment.Images(30));
        string message = Assert.Throws<UsageException>(() => forecast.RequireFit(TinyExperiment.Images(60))).Message;
        Assert.EndsWith("lower dataset.trainingImages.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Initial_weights_are_drawn_in_pieces_as_they_would_be_at_once()
    {
        const int Piece = 1 << 20;
        foreach (long count in (long[])[3, 16, 17, (2 * Piece) - 1, 2 * Piece, (2 * Piece) + 5])
        {
            using var scope = torch.NewDisposeScope();
            using var parameter = new ParameterInitializer(5).Normal(0.25, count);
            using var generator = new RandomStreams(5).Open(StreamPurpose.Initialization, index: 0);
            var whole = torch.randn(count, torch.ScalarType.Float64, generator: generator)
                .mul_(torch.tensor(0.25, torch.ScalarType.Float64)).to(torch.float32);
            Assert.True(whole.eq(parameter).all().item<bool>(), $"{count}");
        }
    }

    [Fact]
    public void Weights_that_are_loaded_need_no_memory_for_training()
    {
        const long Weights = 1000;
        using (new ParameterInitializer(1) { Memory = 2 * sizeof(float) * Weights, IsLoaded = true }.Normal(1, Weights))
        {
            string message = Assert.Throws<UsageException>(
                () => new ParameterInitializer(1) { Memory = 2 * sizeof(float) * Weights }.Normal(1, Weights)).Message;
            Assert.Contains("training it takes more than", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_run_is_refused_before_its_folder_is_made_where_that_is_asked_for()
    {
        if (ProcessMemory.PeakOf(() => { }) is null)
        {
            return;
        }

        var folder = new RunFolder(_folder.File("run"));
        const int Images = 10_000;
        var splits = DatasetSplits.FromTrainingImages(
            "many", TinyExperiment.Images(Images + 8), TinyExperiment.Images(4), validationImages: 8);
        var configuration = Configuration(
            "training.importanceSamples=10000",
            $"training.batchSize={Images}",
            "model={\"kind\":\"ladder\",\"latents\":[2,3],\"widths\":[100,100]}");
        RequireRefusal(() => TrainingRun.Start(configuration, splits, folder, requireMemory: true));
        Assert.False(Directory.Exists(folder.Root));
        TrainingRun.Start(configuration, splits, folder).Dispose();
        configuration = folder.ReadConfiguration();
        RequireRefusal(() => TrainingRun.Resume(folder, configuration, splits, requireMemory: true));
        TrainingRun.Resume(folder, configuration, splits).Dispose();

        static void RequireRefusal(Func<TrainingRun> open) => Assert.StartsWith(
            "A training step takes about ", Assert.Throws<UsageException>(open).Message, StringComparison.Ordinal);
    }

    // Before, model and flat buffers were left to finalizers.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_run_whose_folder_is_taken_leaves_no_tensor(bool requireMemory)
    {
        var folder = new RunFolder(_folder.File("run"));
        using var held = folder.Claim();
        Fail();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Fail();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Fail() => Assert.Throws<RunFolderTakenException>(
            () => TrainingRun.Start(TinyExperiment.Configuration, Splits, folder, requireMemory: requireMemory));
    }

    private static DatasetSplits Splits => DatasetSplits.FromTrainingImages(
        "tiny", TinyExperiment.Images(60), TinyExperiment.Images(4), validationImages: 8);

    private static ExperimentConfiguration Configuration(params string[] overrides) =>
        ConfigurationOverrides.Apply(TinyExperiment.Configuration, overrides);

    private static Trainer Trainer(ExperimentConfiguration configuration, out DensityModel model)
    {
        model = configuration.Model.Build(TinyExperiment.Shape, seed: 1);
        return TinyExperiment.Trainer(model, configuration.Training, Splits.Train);
    }

    private static string Refusal(long available, params string[] overrides)
    {
        var configuration = Configuration(overrides);
        using var trainer = Trainer(configuration, out var model);
        string message = Assert.Throws<UsageException>(
            () => new MemoryForecast(configuration, available).Require(trainer, model, Splits)).Message;
        model.Dispose();
        return message;
    }
}
