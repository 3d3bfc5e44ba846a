using System.Globalization;
using Sere.Models.Configuration;
using Sere.Storage;
using Sere.Training;
using TorchSharp;

namespace Sere.Runs;

/// <summary>
/// The checkpoints of a run: step-N.safetensors holds tensors and step-N.json, which is written after it, the state and
/// the tensors' digest; a checkpoint exists once its state does. best.safetensors holds the weights of the best epoch.
/// </summary>
public sealed class CheckpointStore
{
    private const string TensorExtension = ".safetensors";
    private const string StateExtension = ".json";
    private const string Prefix = "step-";
    private const string Digest = "digest";
    private readonly string _folder;
    private readonly IFileSystem _files;

    /// <summary>The checkpoints in a folder.</summary>
    public CheckpointStore(string folder)
        : this(folder, PhysicalFileSystem.Instance)
    {
    }

    /// <summary>The checkpoints in a folder of a file system.</summary>
    internal CheckpointStore(string folder, IFileSystem files)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        _folder = folder;
        _files = files;
    }

    /// <summary>How many of the last checkpoints are kept; at least 1.</summary>
    public int Kept { get; init; } = 2;

    /// <summary>
    /// The configuration of the run, which its checkpoints keep: they are not gone on from with another one. Null to keep
    /// and compare none.
    /// </summary>
    public ExperimentConfiguration? Configuration { get; init; }

    private bool HasBest => File.Exists(BestPath);

    private string BestPath => Path.Combine(_folder, "best.safetensors");

    /// <summary>Writes a checkpoint and removes those that are older than the <see cref="Kept"/> last.</summary>
    /// <exception cref="SereException">It cannot be written; the older ones are whole.</exception>
    public void Save(Trainer trainer, RunState state)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        ArgumentNullException.ThrowIfNull(state);
        string tensors = Path.ChangeExtension(StatePath(state), TensorExtension);
        using (torch.no_grad())
        {
            using var scope = torch.NewDisposeScope();
            var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "sere-checkpoint" };
            SafeTensors.Write(tensors, CheckpointTensors.Of(trainer), metadata, _files);
        }

        RunStateFile.Write(StatePath(state), state with
        {
            Digest = ContentDigest.OfFile(tensors),
            Configuration = KeptConfiguration.Of(Configuration),
        }, _files);
        DeleteAllBut(state);
    }

    /// <summary>Keeps the trainer's evaluation weights as the best so far.</summary>
    /// <exception cref="SereException">They cannot be written.</exception>
    public void SaveBest(Trainer trainer, int epoch, double validationElbo)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var weights = trainer.Parameters.Unflatten(trainer.EvaluationValues);
        SafeTensors.Write(
            BestPath,
            weights,
            new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["format"] = "sere-weights",
                ["epoch"] = epoch.ToString(CultureInfo.InvariantCulture),
                ["validationElbo"] = validationElbo.ToString("R", CultureInfo.InvariantCulture),
                [Digest] = ContentDigest.OfTensors(weights),
            },
            _files);
    }

    /// <summary>Brings a trainer to the last good checkpoint.</summary>
    /// <param name="trainer">A trainer of the same configuration.</param>
    /// <param name="warn">Told of each checkpoint that is damaged.</param>
    /// <returns>The state, or null where there is no checkpoint.</returns>
    /// <exception cref="SereException">
    /// There are checkpoints, but none is good, or the run was trained with another configuration.
    /// </exception>
    public RunState? Restore(Trainer trainer, Action<string> warn)
    {
        ArgumentNullException.ThrowIfNull(trainer);
        var last = LastGood(warn);
        if (last is null)
        {
            return null;
        }

        var (state, path) = last.Value;
        KeptConfiguration.RequireSame(state, Configuration, StatePath(state));
        if (state.Progress.KlSums.Count != trainer.Progress.KlSums.Count)
        {
            throw new SereException(
                $"The checkpoint '{path}' is of a model with {state.Progress.KlSums.Count} layers, not "
                + $"{trainer.Progress.KlSums.Count}; it belongs to another run.");
        }

        using var noGrad = torch.no_grad();
        using var file = SafeTensors.Read(path);
        CheckpointTensors.CopyInto(trainer, file, path);
        trainer.Optimizer.Steps = state.OptimizerSteps;
        trainer.Progress = state.Progress;
        return state;
    }

    /// <summary>Puts saved weights into a model.</summary>
    /// <param name="model">A model of the run's configuration.</param>
    /// <param name="checkpoint">Which weights.</param>
    /// <param name="warn">Told of each checkpoint that is damaged, and where the last stands in for the best.</param>
    /// <exception cref="SereException">There are none, they are damaged, or they do not fit the model.</exception>
    public void LoadWeights(torch.nn.Module model, CheckpointChoice checkpoint, Action<string> warn)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var noGrad = torch.no_grad();
        if (checkpoint == CheckpointChoice.Best && HasBest)
        {
            using var best = ReadBest();
            CheckpointTensors.CopyWeights(model, best, BestPath);
            return;
        }

        var last = LastGood(warn)
            ?? throw new SereException($"There are no weights in '{_folder}' yet; train longer, or go on with --resume.");
        if (checkpoint == CheckpointChoice.Best)
        {
            warn(
                $"There are no best weights in '{_folder}'; those of the last checkpoint, of epoch {last.State.Progress.Epoch}, "
                + "are used, as --checkpoint last asks for.");
        }

        using var file = SafeTensors.Read(last.Path, CheckpointTensors.IsWeight);
        CheckpointTensors.CopyEvaluationValues(model, file, last.Path);
    }

    /// <summary>Whether there are best weights to compare a later epoch with.</summary>
    /// <param name="warn">Told where they are missing or damaged.</param>
    internal bool HasSoundBest(Action<string> warn)
    {
        string fault = "are missing";
        if (HasBest)
        {
            try
            {
                ReadBest().Dispose();
                return true;
            }
            catch (SereException)
            {
                fault = "are damaged";
            }
        }

        warn($"The best weights '{BestPath}' {fault}; the best of the epochs to come are kept instead.");
        return false;
    }

    /// <summary>
    /// Deletes tensors without a state: a process ended between writing the two, or between deleting them.
    /// </summary>
    internal void DeleteOrphans()
    {
        foreach (string tensors in Directory.EnumerateFiles(_folder, $"{Prefix}*{TensorExtension}")
            .Where(path => !File.Exists(Path.ChangeExtension(path, StateExtension))))
        {
            Delete(tensors);
        }
    }

    /// <summary>
    /// Deletes what a process left that ended while it deleted: checkpoints that are too old, once the newest good one is
    /// known.
    /// </summary>
    internal void DeleteOlderThan(RunState state) =>
        Delete(States().SkipWhile(path => !string.Equals(path, StatePath(state), StringComparison.Ordinal)).Skip(Kept));

    /// <summary>Those of later steps than the newest are damaged ones that a resumed run passed over.</summary>
    private void DeleteAllBut(RunState newest)
    {
        Delete(States().TakeWhile(path => !string.Equals(path, StatePath(newest), StringComparison.Ordinal)));
        DeleteOlderThan(newest);
    }

    private string StatePath(RunState state) =>
        Path.Combine(_folder, $"{Prefix}{state.Progress.Step:D9}{StateExtension}");

    private void Delete(IEnumerable<string> states)
    {
        foreach (string state in states)
        {
            Delete(state);
            Delete(Path.ChangeExtension(state, TensorExtension));
        }
    }

    private void Delete(string path)
    {
        try
        {
            _files.Delete(path);
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            throw FileFault.Writing(path, error);
        }
    }

    private SafeTensorsFile ReadBest()
    {
        var best = SafeTensors.Read(BestPath);
        string digest = ContentDigest.OfTensors(best.Tensors.Select(tensor => (tensor.Key, tensor.Value)));
        if (string.Equals(best.Metadata.GetValueOrDefault(Digest, digest), digest, StringComparison.Ordinal))
        {
            // Weights that another program wrote need no digest.
            return best;
        }

        best.Dispose();
        throw new SereException(
            $"'{BestPath}' is damaged: its digest is not that of its tensors; use the last checkpoint, or train again.");
    }

    private (RunState State, string Path)? LastGood(Action<string> warn)
    {
        var states = States();
        foreach (string path in states)
        {
            string tensors = Path.ChangeExtension(path, TensorExtension);
            try
            {
                return (ReadState(path, tensors), tensors);
            }
            catch (SereException error)
            {
                warn(error.Message);
            }
        }

        return states.Count == 0
            ? null
            : throw new SereException($"None of the checkpoints in '{_folder}' is good; start the run again.");
    }

    private static RunState ReadState(string path, string tensors)
    {
        var state = RunStateFile.Read(path);
        return string.Equals(ContentDigest.OfFile(tensors), state.Digest, StringComparison.Ordinal)
            ? state
            : throw new SereException($"The checkpoint '{tensors}' is damaged: its digest is not the one in '{path}'.");
    }

    /// <summary>The states of all checkpoints, the newest first.</summary>
    private IReadOnlyList<string> States() => Directory.Exists(_folder)
        ? [.. Directory.GetFiles(_folder, Prefix + "*" + StateExtension).OrderDescending(StringComparer.Ordinal)]
        : [];
}
