using Sere.Networks;

namespace Sere.Likelihoods;

/// <summary>How a <see cref="DenseLikelihood"/> is built.</summary>
/// <param name="Dimensions">D.</param>
/// <param name="Latents">N_l of each layer of the hierarchy.</param>
/// <param name="Family">The distribution of a dimension.</param>
public sealed record DenseSettings(int Dimensions, IReadOnlyList<int> Latents, DataFamily Family)
{
    /// <summary>How many layers it sees, counted from the last; null for all.</summary>
    public int? LayersSeen { get; init; }

    /// <summary>Hidden widths of the data network.</summary>
    public IReadOnlyList<int> Hidden { get; init; } = [200, 200];

    /// <summary>Activation of the data network.</summary>
    public Activation Activation { get; init; } = Activation.Elu;

    /// <summary>Whether its hidden layers have batch normalization.</summary>
    public bool BatchNormalization { get; init; }
}
