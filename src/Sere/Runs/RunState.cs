using System.Text.Json;
using System.Text.Json.Serialization;
using Sere.Training;

namespace Sere.Runs;

/// <summary>The part of a checkpoint that is not tensors.</summary>
public sealed record RunState
{
    /// <summary>Version of this format.</summary>
    public const int CurrentFormat = 2;

    /// <summary>Version of the format that was written.</summary>
    public required int Format { get; init; }

    /// <summary>SHA-256 of the tensor file beside it.</summary>
    public required string Digest { get; init; }

    /// <summary>SHA-256 of the state itself, as one line of JSON with this member empty.</summary>
    public string StateDigest { get; init; } = "";

    /// <summary>The configuration that the run trains with; null where an older version wrote the checkpoint.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Configuration { get; init; }

    /// <summary>Where training stands.</summary>
    public required TrainingProgress Progress { get; init; }

    /// <summary>Updates that the optimizer applied.</summary>
    public required long OptimizerSteps { get; init; }

    /// <summary>
    /// Best validation bound so far, in nats: the ELBO, or the K-sample bound where the run trains on it; null before the
    /// first epoch's end.
    /// </summary>
    public double? BestValidationElbo { get; init; }

    /// <summary>The epoch of that bound.</summary>
    public int BestEpoch { get; init; }

    /// <summary>Seconds of the run so far.</summary>
    public required double Seconds { get; init; }
}
