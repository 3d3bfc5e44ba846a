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

    /// <summary>The data network; perceptrons where it has batch normalization.</summary>
    public NetworkDesign Network { get; init; } = new PerceptronDesign([200, 200]);

    /// <summary>What x stands for; null for a plain vector.</summary>
    public FeatureShape? Shape { get; init; }

    /// <summary>Whether its hidden layers have batch normalization.</summary>
    public bool BatchNormalization { get; init; }
}
