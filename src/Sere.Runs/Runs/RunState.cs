using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Sere.Storage;
using Sere.Training;

namespace Sere.Runs;

/// <summary>The part of a checkpoint that is not tensors.</summary>
internal sealed record RunState
{
    public const int CurrentFormat = 2;

    public required int Format { get; init; }

    /// <summary>SHA-256 of the tensor file beside it.</summary>
    public required string Digest { get; init; }

    /// <summary>SHA-256 of the state itself, as one line of JSON with this member empty.</summary>
    public string StateDigest { get; init; } = "";

    /// <summary>The configuration that the run trains with; null where an older version wrote the checkpoint.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Configuration { get; init; }

    public required TrainingProgress Progress { get; init; }

    public required long OptimizerSteps { get; init; }

    /// <summary>
    /// Best validation bound so far, in nats: the ELBO, or the K-sample bound where the run trains on it; null before the
    /// first epoch's end.
    /// </summary>
    public double? BestValidationElbo { get; init; }

    public int BestEpoch { get; init; }

    /// <summary>Seconds of the run so far.</summary>
    public required double Seconds { get; init; }
}

/// <summary>Reads and writes step-N.json: a <see cref="RunState"/> with a digest of its own.</summary>
internal static class RunStateFile
{
    // A state is a few numbers and one for each layer.
    private const long LargestFile = 1L << 24;

    /// <summary>Writes a state, whole or not at all.</summary>
    public static void Write(string path, RunState state, IFileSystem files) => AtomicFile.WriteAllText(
        path, JsonSerializer.Serialize(state with { StateDigest = DigestOf(state) }, RunJson.Indented), files);

    public static RunState Read(string path)
    {
        try
        {
            var state = JsonSerializer.Deserialize<RunState>(OrdinaryFile.ReadAllText(path, LargestFile), RunJson.Line);
            if (state?.Format != RunState.CurrentFormat)
            {
                throw new SereException($"The checkpoint '{path}' is of another version.");
            }

            return !string.Equals(state.StateDigest, DigestOf(state), StringComparison.Ordinal)
                ? throw new SereException($"The checkpoint '{path}' is damaged: its content does not match its own digest.")
                : IsPossible(state)
                ? state
                : throw new SereException($"The checkpoint '{path}' is damaged: it counts what cannot be counted.");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // The second is what a text with half of a surrogate pair ends in.
            throw new SereException($"The checkpoint '{path}' is damaged: it is not a sound state in JSON.", error);
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            throw FileFault.Reading(path, error);
        }
    }

    /// <summary>Whether the counts are such as a run can come to: whoever wrote the digest may have erred.</summary>
    private static bool IsPossible(RunState state)
    {
        var progress = state.Progress;
        long[] counts =
        [
            progress.Epoch, progress.StepInEpoch, progress.Step, progress.SkippedInARow, progress.SkippedSteps,
            progress.Images, state.OptimizerSteps, state.BestEpoch,
        ];
        double[] sums =
        [
            progress.LogLikelihoodSum, progress.GradientNormSum, progress.Seconds, state.Seconds, progress.BoundSum ?? 0,
            .. progress.KlSums,
        ];
        return Array.TrueForAll(counts, count => count >= 0)
            && Array.TrueForAll(sums, double.IsFinite)
            && progress.StepInEpoch <= progress.Step
            && state.OptimizerSteps <= progress.Step;
    }

    private static string DigestOf(RunState state) => Convert.ToHexStringLower(SHA256.HashData(
        Encoding.UTF8.GetBytes(JsonSerializer.Serialize(state with { StateDigest = "" }, RunJson.Line))));
}
