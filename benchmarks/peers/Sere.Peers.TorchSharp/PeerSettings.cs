using System.Text.Json;

namespace Sere.Peers.TorchSharp;

/// <summary>Sizes, bounds and optimizer of the model that the peers train, as a fixed case carries them.</summary>
public sealed record PeerSettings
{
    private static readonly JsonSerializerOptions Options = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>Dimensions of x, D.</summary>
    public required int Dimensions { get; init; }

    /// <summary>Layers, L.</summary>
    public required int Layers { get; init; }

    /// <summary>Latents of a layer, N.</summary>
    public required int Latents { get; init; }

    /// <summary>Hidden widths of the encoders.</summary>
    public required int[] EvidenceHidden { get; init; }

    /// <summary>Hidden widths of the priors' networks.</summary>
    public required int[] PriorHidden { get; init; }

    /// <summary>Hidden widths of the bijectors' networks.</summary>
    public required int[] BijectorHidden { get; init; }

    /// <summary>Hidden widths of the data networks, at least one.</summary>
    public required int[] DataHidden { get; init; }

    /// <summary>Bound of the prior's mean.</summary>
    public required double MeanBound { get; init; }

    /// <summary>Lower bound of the prior's standard deviation, below 1.</summary>
    public required double ScaleFloor { get; init; }

    /// <summary>Upper bound of the prior's standard deviation, above 1.</summary>
    public required double ScaleCeiling { get; init; }

    /// <summary>ds where the encoder's output is 0.</summary>
    public required double InitialResidualScale { get; init; }

    /// <summary>Lower bound of the bijector's diagonal, below 1.</summary>
    public required double DiagonalFloor { get; init; }

    /// <summary>Upper bound of the bijector's diagonal, above 1.</summary>
    public required double DiagonalCeiling { get; init; }

    /// <summary>Weight of the divergence in the loss.</summary>
    public required double Annealing { get; init; }

    /// <summary>Adam's learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Adam's decay of the first moment.</summary>
    public required double Beta1 { get; init; }

    /// <summary>Adam's decay of the second moment.</summary>
    public required double Beta2 { get; init; }

    /// <summary>Adam's epsilon.</summary>
    public required double Epsilon { get; init; }

    /// <summary>Largest norm of the gradient.</summary>
    public required double GradientClip { get; init; }

    /// <summary>Images of a step.</summary>
    public required int Batch { get; init; }

    /// <summary>Pixels of a block: equal ones from left to right, and the rest in the last.</summary>
    public int BlockSize(int layer)
    {
        int size = (Dimensions + Layers - 1) / Layers;
        return Math.Min(size, Dimensions - (layer * size));
    }

    /// <summary>Settings from JSON.</summary>
    public static PeerSettings Parse(string json) => JsonSerializer.Deserialize<PeerSettings>(json, Options)!;

    /// <summary>The settings as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);
}
