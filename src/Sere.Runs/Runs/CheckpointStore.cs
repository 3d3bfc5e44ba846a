using System.Globalization;
using Sere.Bijectors;
using Sere.Networks;
using Sere.Runs.Configuration;
using Sere.Storage;
using Sere.Training;
using TorchSharp;

namespace Sere.Runs;

/// <summary>
/// The checkpoints of a run: step-N.safetensors holds tensors and step-N.json, which is written after it, the state and
/// the tensors' digest; a checkpoint exists once its state does. best.safetensors holds the weights of the best epoch.
/// </summary>
internal sealed class CheckpointStore(string folder, IFileSystem? files = null)
{
    private const string TensorExtension = ".safetensors";
    private const string StateExtension = ".json";
    private const string Prefix = "step-";
    private const string Digest = "digest";

    // A training beside may write a checkpoint and delete one at any moment; a listing is good for a moment only.
    private const int MostListings = 20;
    private readonly IFileSystem _files = files ?? PhysicalFileSystem.Instance;

    /// <summary>How many of the last checkpoints are kept; at least 1.</summary>
    public int Kept { get; init; } = 2;

    /// <summary>
    /// The configuration of the run, which its checkpoints keep: they are not gone on from with another one. Null to keep
    /// and compare none.
    /// </summary>
    public ExperimentConfiguration? Configuration { get; init; }

    private bool HasBest => File.Exists(BestPath);

    private string BestPath => LinkFreePath.Below(folder, "best.safetensors");

    /// <summary>Writes a checkpoint and removes those that are older than the <see cref="Kept"/> last.</summary>
    public void Save(Trainer trainer, RunState state)
    {
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
    public void SaveBest(Trainer trainer, int epoch, double validationElbo)
    {
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

    public RunState? Restore(Trainer trainer, Action<string> warn)
    {
        if (ReadLast(warn) is not var (state, file, path))
        {
            return null;
        }

        using var read = file;
        KeptConfiguration.RequireSame(state, Configuration, StatePath(state));
        if (state.Progress.KlSums.Count != trainer.Progress.KlSums.Count)
        {
            throw new SereException(
                $"The checkpoint '{path}' is of a model with {state.Progress.KlSums.Count} layers, not "
                + $"{trainer.Progress.KlSums.Count}; it belongs to another run.");
        }

        using var noGrad = torch.no_grad();
        CheckpointTensors.CopyInto(trainer, file, path);
        trainer.Optimizer.Steps = state.OptimizerSteps;
        trainer.Progress = state.Progress;
        return state;
    }

    public void LoadWeights(torch.nn.Module model, CheckpointChoice checkpoint, Action<string> warn)
    {
        using var noGrad = torch.no_grad();
        if (checkpoint == CheckpointChoice.Best && HasBest)
        {
            using var best = ReadBest();
            CheckpointTensors.CopyWeights(model, best, BestPath);
            return;
        }

        var (state, file, path) = ReadLast(warn, CheckpointTensors.IsWeight)
            ?? throw new SereException($"There are no weights in '{folder}' yet; train longer, or go on with --resume.");
        using var read = file;
        if (checkpoint == CheckpointChoice.Best)
        {
            warn(
                $"There are no best weights in '{folder}'; those of the last checkpoint, of epoch {state.Progress.Epoch}, "
                + "are used, as --checkpoint last asks for.");
        }

        CheckpointTensors.CopyEvaluationValues(model, file, path);
    }

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
        foreach (string tensors in _files.List(folder, $"{Prefix}*{TensorExtension}")
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
        LinkFreePath.Below(folder, $"{Prefix}{state.Progress.Step:D9}{StateExtension}");

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
        // A link that bears the name is deleted itself.
        FileFault.Writing(path, () => _files.Delete(path));
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

    /// <summary>The last good checkpoint; null where there is none at all.</summary>
    private (RunState State, SafeTensorsFile Tensors, string Path)? ReadLast(
        Action<string> warn, Predicate<string>? isWanted = null)
    {
        var warned = new HashSet<string>(StringComparer.Ordinal);
        bool isEmpty = false;
        for (int listing = 0; listing < MostListings; listing++)
        {
            var states = States();
            isEmpty = states.Count == 0;
            bool hasChanged = isEmpty;
            foreach (string path in states)
            {
                string tensors = Path.ChangeExtension(path, TensorExtension);
                try
                {
                    var state = RunStateFile.Read(LinkFreePath.Below(folder, Path.GetFileName(path)));
                    var file = SafeTensors.Read(LinkFreePath.Below(folder, Path.GetFileName(tensors)), content =>
                    {
                        if (!string.Equals(ContentDigest.OfStream(content), state.Digest, StringComparison.Ordinal))
                        {
                            throw new SereException(
                                $"The checkpoint '{tensors}' is damaged: its digest is not the one in '{path}'.");
                        }
                    }, isWanted);
                    return (state, file, tensors);
                }
                catch (SereException) when (!File.Exists(path))
                {
                    // The state of a checkpoint is deleted before its tensors.
                    hasChanged = true;
                    break;
                }
                catch (SereException error)
                {
                    if (warned.Add(path))
                    {
                        warn(error.Message);
                    }
                }
            }

            if (!hasChanged)
            {
                throw new SereException(
                    $"None of the checkpoints in '{folder}' is good; restore one from a copy, or train in another folder.");
            }
        }

        return isEmpty ? null : throw new SereException(
            $"The checkpoints in '{folder}' are replaced faster than they can be read; try again, or train with fewer of them.");
    }

    /// <summary>The states of all checkpoints, the newest first.</summary>
    private IReadOnlyList<string> States() => Directory.Exists(folder)
        ? [.. _files.List(folder, Prefix + "*" + StateExtension).OrderDescending(StringComparer.Ordinal)]
        : [];
}

/// <summary>Which weights of a run are meant.</summary>
public enum CheckpointChoice
{
    /// <summary>Those with the best bound on the validation images.</summary>
    Best,

    /// <summary>The last that were saved.</summary>
    Last,
}

/// <summary>Says when the next checkpoint is due.</summary>
internal sealed class CheckpointSchedule(CheckpointTimes configuration, TimeProvider clock)
{
    private long _saved = clock.GetTimestamp();

    public bool IsDue =>
        configuration.EveryMinutes is { } minutes && clock.GetElapsedTime(_saved).TotalMinutes >= minutes;

    public bool IsDueAfter(int epoch) => epoch % configuration.EveryEpochs == 0 || IsDue;

    public void Saved() => _saved = clock.GetTimestamp();
}

/// <summary>The tensors of a checkpoint by their names, from a trainer and back.</summary>
internal static class CheckpointTensors
{
    private const string ModelPrefix = "model.";
    private const string AveragePrefix = "average.";
    private const string OptimizerPrefix = "optimizer.";
    private const string FirstMoment = OptimizerPrefix + "first_moment";
    private const string SecondMoment = OptimizerPrefix + "second_moment";

    public static IEnumerable<(string Name, torch.Tensor Value)> Of(Trainer trainer)
    {
        foreach (var (name, value) in trainer.Parameters.Unflatten(trainer.Parameters.Values))
        {
            yield return (ModelPrefix + name, value);
        }

        if (trainer.Average is { } average)
        {
            foreach (var (name, value) in trainer.Parameters.Unflatten(average.Values))
            {
                yield return (AveragePrefix + name, value);
            }
        }

        yield return (FirstMoment, trainer.Optimizer.FirstMoment);
        yield return (SecondMoment, trainer.Optimizer.SecondMoment);
    }

    /// <summary>Brings a trainer to a checkpoint: parameters, moments of the optimizer, and the average where there is one.</summary>
    /// <exception cref="SereException">The tensors do not fit the trainer.</exception>
    public static void CopyInto(Trainer trainer, SafeTensorsFile file, string path)
    {
        CopyIntoFlat(trainer, trainer.Parameters.Values, file, ModelPrefix, path);
        CopyInto(trainer.Optimizer.FirstMoment, file, FirstMoment, path);
        CopyInto(trainer.Optimizer.SecondMoment, file, SecondMoment, path);
        if (trainer.Average is { } average)
        {
            CopyIntoFlat(trainer, average.Values, file, AveragePrefix, path);
        }
    }

    /// <summary>Whether a tensor of a checkpoint is one of the weights, or of their average.</summary>
    public static bool IsWeight(string name) => !name.StartsWith(OptimizerPrefix, StringComparison.Ordinal);

    public static void CopyWeights(torch.nn.Module model, SafeTensorsFile file, string path) =>
        CopyIntoModel(model, file, "", path);

    /// <summary>Puts the weights of a checkpoint that are for use into a model: the average, or the last ones.</summary>
    /// <exception cref="SereException">They do not fit the model, or are not finite.</exception>
    public static void CopyEvaluationValues(torch.nn.Module model, SafeTensorsFile file, string path)
    {
        bool averaged = file.Tensors.Keys.Any(name => name.StartsWith(AveragePrefix, StringComparison.Ordinal));
        CopyIntoModel(model, file, averaged ? AveragePrefix : ModelPrefix, path);
    }

    /// <summary>Fills a tensor that is laid out as the trainer's parameters.</summary>
    private static void CopyIntoFlat(
        Trainer trainer, torch.Tensor flat, SafeTensorsFile file, string prefix, string path)
    {
        foreach (var segment in trainer.Parameters.Segments)
        {
            using var slice = flat.narrow(0, segment.Offset, segment.Length).view(segment.Parameter.shape);
            CopyInto(slice, file, prefix + segment.Name, path);
        }
    }

    private static void CopyIntoModel(torch.nn.Module model, SafeTensorsFile file, string prefix, string path)
    {
        foreach (var (name, target) in (IEnumerable<(string, torch.Tensor)>)
            [.. model.named_parameters().Select(one => (one.name, (torch.Tensor)one.parameter)), .. RunningStatistics.Of(model)])
        {
            CopyInto(target, file, prefix + name, path);
            using var isFinite = target.isfinite().all();
            if (!isFinite.item<bool>())
            {
                throw new SereException(
                    $"'{path}': the tensor '{prefix + name}' holds values that are not finite, so nothing can be computed "
                    + "with it; name other weights with --checkpoint, or train again.");
            }
        }
    }

    private static void CopyInto(torch.Tensor target, SafeTensorsFile file, string name, string path)
    {
        bool isOrder = name.EndsWith($".{PermutationLayer.OrderName}", StringComparison.Ordinal);
        if (!file.Tensors.TryGetValue(name, out var value))
        {
            if (isOrder)
            {
                // An older version kept no orders: it drew them from the run's seed, as they are drawn now.
                return;
            }

            throw new SereException($"'{path}' has no tensor '{name}'; it belongs to another model or version.");
        }

        if (!value.shape.SequenceEqual(target.shape))
        {
            throw new SereException(
                $"'{path}': the tensor '{name}' has the shape [{string.Join(", ", value.shape)}], not "
                + $"[{string.Join(", ", target.shape)}]; it belongs to another model.");
        }

        if (isOrder && !PermutationLayer.IsOrder(value))
        {
            throw new SereException(
                $"'{path}': the tensor '{name}' does not hold each of 0 to {value.shape[0] - 1} once; it is damaged, or of "
                + "another model.");
        }

        target.copy_(value);
        WeightsClock.Advance();
    }
}
