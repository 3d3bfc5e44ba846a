using System.Runtime.InteropServices;
using Sere.Data;
using Sere.Runs;
using Sere.Runs.Configuration;
using Sere.Tests.Storage;
using Sere.Tests.Training;
using Sere.Training;
using Xunit;

namespace Sere.Tests.Runs;

/// <summary>
/// Law 7, stopped between any two steps of writing. Shown to fail with the flush left out of <c>AtomicFile</c>, with the
/// state of a checkpoint written before its tensors, with a sum of the epoch that is under way left out of the state, and
/// with older checkpoints or tensors without a state left lying.
/// </summary>
public sealed class StoppedRunTests : FolderTests
{
    // Three steps an epoch.
    private static readonly DatasetSplits Images = new(
        "light and dark", TinyExperiment.Images(24), TinyExperiment.Images(8), TinyExperiment.Images(4));

    [Theory]
    [InlineData(3, "everyEpochs=2", "kept=2")]
    [InlineData(2, "everyMinutes=1.5", "kept=1")]
    public void A_run_stopped_at_any_write_flush_rename_or_deletion_ends_with_the_same_bits(
        int epochs, string often, string kept)
    {
        var configuration = ConfigurationOverrides.Apply(
            TinyExperiment.Configuration, [$"training.epochs={epochs}", "training.averageDecay=0.9", "training.checkpoints." + often, "training.checkpoints." + kept]);
        var whole = new RunFolder(_folder.File("whole"));
        Train(whole, configuration);
        var expected = Content(whole);
        string path = _folder.File("stopped");
        var files = new StoppingFileSystem(path);
        Train(new RunFolder(path, files), configuration);
        foreach (var stop in files.Stops)
        {
            Directory.Delete(path, recursive: true);
            stop.Write(path);
            var folder = new RunFolder(path);
            Train(folder, configuration);
            Assert.Equal(expected.Names, Content(folder).Names);
            Assert.True(expected.Bits.AsSpan().SequenceEqual(Content(folder).Bits), $"stopped at operation {stop.Operation}");
        }

        // Files of many tensors, each written in pieces: fewer would mean that operations are not seen. What was written in
        // pieces is lost, or is there, as a whole.
        Assert.InRange(files.Operations, 100, 1000);
        Assert.InRange(files.Stops.Count, 30, 200);
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void A_full_disk_ends_in_one_sentence_and_leaves_the_last_good_checkpoint_whole(double fraction)
    {
        var configuration = ConfigurationOverrides.Apply(TinyExperiment.Configuration, ["training.epochs=3"]);
        var whole = new RunFolder(_folder.File("whole"));
        Train(whole, configuration);
        long checkpoint = new FileInfo(Path.Combine(whole.Checkpoints, "step-000000009.safetensors")).Length;
        long best = new FileInfo(Path.Combine(whole.Checkpoints, "best.safetensors")).Length;

        // Room for the first epoch and for a part of the second.
        long overhead = new FileInfo(whole.Configuration).Length + 4000;
        var folder = new RunFolder(
            _folder.File("full"), new FullDisk(checkpoint + best + overhead + (long)(fraction * (checkpoint + best))));
        using (var run = TrainingRun.Start(configuration, Images, folder))
        {
            string message = Assert.Throws<SereException>(() => run.Train(TestContext.Current.CancellationToken)).Message;
            Assert.Matches(@"^The file '.*' cannot be written because the disk is full; [^.]*\.$", message);
        }

        Assert.Empty(Directory.GetFiles(folder.Checkpoints, "*.tmp"));
        var warnings = new List<string>();
        using (var model = TrainedModel.Load(folder.Root, CheckpointChoice.Last, warn: warnings.Add))
        {
            Assert.Equal(4, model.LogLikelihood(Images.Test, importanceSamples: 1).Length);
        }

        Assert.Empty(warnings);
        var resumed = new RunFolder(folder.Root);
        Train(resumed, configuration);
        Assert.True(Content(whole).Bits.AsSpan().SequenceEqual(Content(resumed).Bits));
    }

    /// <summary>Seen to fail without that checkpoint, and with one from the midst of the optimizer's update.</summary>
    [Theory]
    [InlineData(false, "step-000000004")]
    [InlineData(true, "step-000000003")]
    public void A_failure_in_native_code_leaves_a_checkpoint_of_whole_steps(bool isInUpdate, string last)
    {
        var configuration = ConfigurationOverrides.Apply(TinyExperiment.Configuration, ["training.epochs=3"]);
        var whole = new RunFolder(_folder.File("whole"));
        Train(whole, configuration);
        var folder = new RunFolder(_folder.File("failed"));
        using (var run = TrainingRun.Start(configuration, Images, folder))
        {
            int steps = 0;
            run.OnPhase = ended =>
            {
                if (ended == (isInUpdate ? TrainingPhase.Optimizer : TrainingPhase.Backward) && ++steps == 5)
                {
                    throw new ExternalException("Expected false to be true.\nAnd where.");
                }
            };
            string message = Assert.Throws<SereException>(() => run.Execute(TestContext.Current.CancellationToken)).Message;
            Assert.Matches(
                @"^Native code failed after step 4 of '.*' \(Expected false to be true\); [^.]* from its last checkpoint\.$", message);
        }

        Assert.EndsWith(last, Directory.GetFiles(folder.Checkpoints, "step-*").Select(Path.GetFileNameWithoutExtension).Max());
        Train(new RunFolder(folder.Root), configuration);
        Assert.True(Content(whole).Bits.AsSpan().SequenceEqual(Content(folder).Bits));
    }

    /// <summary>Starts or goes on; a minute passes with each look at the clock.</summary>
    private static void Train(RunFolder folder, ExperimentConfiguration configuration)
    {
        var clock = new SteppingClock(TimeSpan.FromMinutes(1));
        using var run = folder.HoldsRun
            ? TrainingRun.Resume(folder, folder.ReadConfiguration(), Images, clock: clock)
            : TrainingRun.Start(configuration, Images, folder, clock: clock);
        run.Train(TestContext.Current.CancellationToken);
    }

    /// <summary>Checkpoint files of the end, and what is in the last one and in the best weights.</summary>
    private static (string[] Names, byte[] Bits) Content(RunFolder folder)
    {
        string[] tensors = [.. Directory.GetFiles(folder.Checkpoints, "*.safetensors").Order(StringComparer.Ordinal)];
        byte[] metrics = System.Text.Encoding.UTF8.GetBytes(string.Join(
            '\n', MetricsLog.Read(folder.Metrics).Select(line => (line with { Seconds = 0, ImagesPerSecond = 0 }).ToString())));
        return (
            [.. Directory.GetFiles(folder.Checkpoints).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)],
            [.. File.ReadAllBytes(tensors[0]), .. File.ReadAllBytes(tensors[^1]), .. metrics]);
    }
}
