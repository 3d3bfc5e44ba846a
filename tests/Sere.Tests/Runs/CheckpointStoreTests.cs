using Sere.Models;
using Sere.Numerics;
using Sere.Runs;
using Sere.Runs.Configuration;
using Sere.Storage;
using Sere.Tests.Training;
using Sere.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Runs;

public sealed class CheckpointStoreTests : IDisposable
{
    private static readonly TrainingChoice Training = new() { Epochs = 5, BatchSize = 8, AverageDecay = 0.9 };
    private readonly TemporaryFolder _folder = new();
    private readonly DensityModel _model = TinyExperiment.Model();
    private readonly Trainer _trainer;
    private readonly CheckpointStore _store;
    private readonly List<string> _warnings = [];

    public CheckpointStoreTests()
    {
        // Two steps an epoch.
        _trainer = TinyExperiment.Trainer(_model, Training, TinyExperiment.Images(16));
        _store = new CheckpointStore(_folder.Path);
    }

    public void Dispose()
    {
        _trainer.Dispose();
        _model.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void The_last_two_checkpoints_are_kept()
    {
        TrainAndSave(epochs: 3);
        Assert.Equal(
            [
                "step-000000004.json", "step-000000004.safetensors", "step-000000006.json", "step-000000006.safetensors",
            ],
            _folder.FileNames().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("safetensors", 0)]
    [InlineData("safetensors", 0.5)]
    [InlineData("safetensors", 1)]
    [InlineData("json", 0)]
    public void A_flipped_bit_in_the_newest_leads_to_the_one_before_with_a_warning(string extension, double place)
    {
        byte[][] weights = TrainAndSave(epochs: 2);
        string newest = _folder.File($"step-000000004.{extension}");
        byte[] content = File.ReadAllBytes(newest);
        content[(int)(place * (content.Length - 1))] ^= 4;
        File.WriteAllBytes(newest, content);
        RequireRestored(step: 2, weights[0]);
        Assert.Contains(newest, Assert.Single(_warnings));
    }

    [Theory]
    [InlineData("safetensors", null)]
    [InlineData("safetensors", "")]
    [InlineData("json", "")]
    [InlineData("json", "null")]
    [InlineData("json", "{}")]
    [InlineData("json", "{\"format\":2,\"digest\":\"DIGEST\",\"progress\":null,\"optimizerSteps\":4,\"seconds\":1}")]
    [InlineData("json", "{\"format\":3,\"digest\":\"DIGEST\",\"progress\":{},\"optimizerSteps\":4,\"seconds\":1}")]
    public void A_newest_that_is_no_checkpoint_leads_to_the_one_before_with_a_warning(string extension, string? text)
    {
        byte[][] weights = TrainAndSave(epochs: 2);
        string newest = _folder.File($"step-000000004.{extension}");
        string digest = ContentDigest.OfFile(_folder.File("step-000000004.safetensors"));
        File.Delete(newest);
        if (text is not null)
        {
            File.WriteAllText(newest, text.Replace("DIGEST", digest, StringComparison.Ordinal));
        }

        RequireRestored(step: 2, weights[0]);
        Assert.Contains("step-000000004", Assert.Single(_warnings));
    }

    [Fact]
    public void Where_all_are_damaged_one_sentence_says_so()
    {
        TrainAndSave(epochs: 2);
        foreach (string path in Directory.GetFiles(_folder.Path, "*.safetensors"))
        {
            File.WriteAllText(path, "damaged");
        }

        string message = Assert.Throws<SereException>(() => _store.Restore(_trainer, _warnings.Add)).Message;
        Assert.Equal($"None of the checkpoints in '{_folder.Path}' is good; restore one from a copy, or train in another folder.", message);
        Assert.Equal(2, _warnings.Count);
    }

    [Theory]
    [InlineData(CheckpointChoice.Last)]
    [InlineData(CheckpointChoice.Best)]
    public void Checkpoints_that_a_training_replaces_between_listing_and_reading_are_listed_again(CheckpointChoice choice)
    {
        TrainAndSave(epochs: 1);
        int replaced = 0;
        var beside = new CheckpointStore(_folder.Path, new RestlessFolder(() =>
        {
            // Weights are loaded without gradients, and training needs them.
            using var gradients = torch.enable_grad();
            if (++replaced <= 3)
            {
                TrainAndSave(epochs: 1);
                new CheckpointStore(_folder.Path) { Kept = 1 }.DeleteOlderThan(Checkpoints.State(_trainer));
            }
        }));
        beside.LoadWeights(_model, choice, _warnings.Add);
        Assert.Equal(4, replaced);
        Assert.Equal(choice == CheckpointChoice.Best ? 1 : 0, _warnings.Count);
    }

    [Fact]
    public void Checkpoints_that_never_hold_still_are_no_reason_to_start_over()
    {
        TrainAndSave(epochs: 1);
        string state = Directory.GetFiles(_folder.Path, "*.json").Single();
        string content = File.ReadAllText(state);
        int step = 0;
        var beside = new CheckpointStore(_folder.Path, new RestlessFolder(() =>
        {
            Array.ForEach(Directory.GetFiles(_folder.Path, "*.json"), File.Delete);
            File.WriteAllText(_folder.File($"step-{++step:D9}.json"), content);
        }));
        string message = Assert.Throws<SereException>(
            () => beside.LoadWeights(_model, CheckpointChoice.Last, _warnings.Add)).Message;
        Assert.Contains("try again", message, StringComparison.Ordinal);
        Assert.Empty(_warnings);
    }

    [Theory]
    [InlineData(CheckpointChoice.Best)]
    [InlineData(CheckpointChoice.Last)]
    public void Weights_that_are_not_finite_are_refused_by_the_name_of_the_tensor(CheckpointChoice choice)
    {
        TrainAndSave(epochs: 1);
        var segment = _trainer.Parameters.Segments[^1];
        using (var damaged = _trainer.EvaluationValues.narrow(0, segment.Offset, 1))
        {
            damaged.FillInPlace(float.NaN);
        }

        _store.Save(_trainer, Checkpoints.State(_trainer));
        _store.SaveBest(_trainer, epoch: 1, validationElbo: -1);
        string message = Assert.Throws<SereException>(() => _store.LoadWeights(_model, choice, _warnings.Add)).Message;
        Assert.Contains(segment.Name, message, StringComparison.Ordinal);
        Assert.Contains("not finite", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_checkpoints_there_is_nothing_to_restore_and_nothing_to_load()
    {
        Assert.Null(_store.Restore(_trainer, _warnings.Add));
        Assert.Null(new CheckpointStore(_folder.File("missing")).Restore(_trainer, _warnings.Add));
        var error = Assert.Throws<SereException>(() => _store.LoadWeights(_model, CheckpointChoice.Best, _warnings.Add));
        Assert.Contains($"'{_folder.Path}'", error.Message);
    }

    [Fact]
    public void Where_the_best_weights_are_missing_the_last_stand_in_with_a_warning()
    {
        TrainAndSave(epochs: 1);
        _store.LoadWeights(_model, CheckpointChoice.Last, _warnings.Add);
        Assert.Empty(_warnings);
        _store.LoadWeights(_model, CheckpointChoice.Best, _warnings.Add);
        Assert.Contains("--checkpoint last", Assert.Single(_warnings));
    }

    [Fact]
    public void Files_of_a_save_that_did_not_end_are_passed_over()
    {
        byte[][] weights = TrainAndSave(epochs: 1);
        File.WriteAllText(_folder.File(".sere-0123456789abcdef.tmp"), "half-written");
        File.WriteAllText(_folder.File("step-000000009.safetensors"), "its state was never written");
        RequireRestored(step: 2, weights[0]);
        Assert.Empty(_warnings);
    }

    [Fact]
    public void Weights_of_another_shape_are_refused_by_the_name_of_the_tensor()
    {
        TrainAndSave(epochs: 1);
        var wider = ConfigurationOverrides.Apply(TinyExperiment.Configuration, ["model.evidence.network.hidden=[9]"]);
        using var model = wider.Model.Build(TinyExperiment.Shape, seed: 1);
        using var trainer = TinyExperiment.Trainer(model, Training, TinyExperiment.Images(16));
        foreach (Action action in (Action[])
            [
                () => _store.Restore(trainer, _warnings.Add),
                () => _store.LoadWeights(model, CheckpointChoice.Last, _warnings.Add),
            ])
        {
            string message = Assert.Throws<SereException>(action).Message;
            Assert.Matches("the tensor '[a-z]+\\.encoder\\..*weight0' has the shape \\[2, 16, 8\\], not \\[2, 16, 9\\]", message);
        }
    }

    [Fact]
    public void Weights_without_a_tensor_of_the_model_are_refused_by_its_name()
    {
        TrainAndSave(epochs: 1);
        var deeper = ConfigurationOverrides.Apply(TinyExperiment.Configuration, ["model.prior.network.hidden=[4,4]"]);
        using var model = deeper.Model.Build(TinyExperiment.Shape, seed: 1);
        string message = Assert.Throws<SereException>(() =>
            _store.LoadWeights(model, CheckpointChoice.Last, _warnings.Add)).Message;
        Assert.Matches("(has no tensor|the tensor) 'average\\.hierarchy\\.", message);
    }

    [Fact]
    public void The_best_weights_are_those_of_their_epoch_and_the_last_those_of_the_end()
    {
        _trainer.Epoch();
        _store.SaveBest(_trainer, 1, -3);
        byte[] best = TinyExperiment.Bits(_trainer.EvaluationValues);
        _trainer.Epoch();
        _store.Save(_trainer, Checkpoints.State(_trainer));
        byte[] last = TinyExperiment.Bits(_trainer.EvaluationValues);
        Assert.NotEqual(best, last);
        Assert.NotEqual(last, TinyExperiment.Bits(_trainer.Parameters.Values));
        Assert.Equal(best, Loaded(CheckpointChoice.Best));
        Assert.Equal(last, Loaded(CheckpointChoice.Last));
        Assert.Empty(_warnings);
        File.Delete(_folder.File("best.safetensors"));
        Assert.Equal(last, Loaded(CheckpointChoice.Best));
    }

    /// <summary>Fails where the digest of the best weights is not compared: most bytes are weights.</summary>
    [Fact]
    public void Best_weights_with_a_flipped_bit_are_refused_or_the_same()
    {
        _trainer.Epoch();
        _store.SaveBest(_trainer, 1, -3);
        byte[] weights = Loaded(CheckpointChoice.Best);
        string path = _folder.File("best.safetensors");
        byte[] content = File.ReadAllBytes(path);
        int refused = 0;
        int tried = 0;
        for (int place = 0; place < content.Length; place += 29, tried++)
        {
            content[place] ^= 1;
            File.WriteAllBytes(path, content);
            content[place] ^= 1;
            try
            {
                // What is left is text about the weights: the epoch, the bound.
                Assert.Equal(weights, Loaded(CheckpointChoice.Best));
            }
            catch (SereException error)
            {
                Assert.Contains(path, error.Message);
                refused++;
            }
        }

        Assert.InRange(refused, 0.9 * tried, tried);
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_written_leaves_the_others_whole()
    {
        byte[][] weights = TrainAndSave(epochs: 1);
        _trainer.Epoch();
        Directory.CreateDirectory(_folder.File("step-000000004.safetensors"));
        Assert.Throws<SereException>(() => _store.Save(_trainer, Checkpoints.State(_trainer)));
        RequireRestored(step: 2, weights[0]);
    }

    /// <summary>Trains epochs of two steps each, saves each, and gives the parameters after each.</summary>
    private byte[][] TrainAndSave(int epochs)
    {
        byte[][] weights = new byte[epochs][];
        for (int epoch = 0; epoch < epochs; epoch++)
        {
            _trainer.Epoch();
            _store.Save(_trainer, Checkpoints.State(_trainer));
            weights[epoch] = TinyExperiment.Bits(_trainer.Parameters.Values);
        }

        return weights;
    }

    private void RequireRestored(long step, byte[] weights)
    {
        using var model = TinyExperiment.Model(seed: 5);
        using var trainer = TinyExperiment.Trainer(model, Training, TinyExperiment.Images(16));
        var state = _store.Restore(trainer, _warnings.Add);
        Assert.Equal(step, state!.Progress.Step);
        Assert.Equal(step, trainer.Progress.Step);
        Assert.Equal(step, trainer.Optimizer.Steps);
        Assert.Equal(weights, TinyExperiment.Bits(trainer.Parameters.Values));
    }

    private byte[] Loaded(CheckpointChoice choice)
    {
        using var model = TinyExperiment.Model(seed: 5);
        _store.LoadWeights(model, choice, _warnings.Add);
        using var flat = new FlatParameters(model);
        return TinyExperiment.Bits(flat.Values);
    }

    /// <summary>A folder in which something happens after each listing.</summary>
    private sealed class RestlessFolder(Action afterListing) : IFileSystem
    {
        public Stream Create(string path) => PhysicalFileSystem.Instance.Create(path);

        public void FlushToDisk(Stream stream) => PhysicalFileSystem.Instance.FlushToDisk(stream);

        public void Move(string source, string target) => PhysicalFileSystem.Instance.Move(source, target);

        public void Delete(string path) => PhysicalFileSystem.Instance.Delete(path);

        public string[] List(string folder, string pattern)
        {
            string[] listed = Directory.GetFiles(folder, pattern);
            afterListing();
            return listed;
        }
    }
}
