using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// A deterministic pass from x upward (Sonderby et al. 2016): d_1 = g_1(x), d_{l+1} = g_{l+1}(d_l), with the features of each
/// layer an affine map of its d. The first layer of a hierarchy is the top, and is reached last.
/// </summary>
public sealed class BottomUpEncoder : EvidenceEncoder
{
    private readonly NormalizedMlp[] _bodies;
    private readonly Mlp[] _heads;

    /// <summary>An encoder with freshly drawn parameters.</summary>
    /// <param name="inputs">Dimensions of x, D.</param>
    /// <param name="widths">Width of d of each layer, from the top layer on.</param>
    /// <param name="hiddenLayers">Hidden layers of each g, at least 1.</param>
    /// <param name="features">Features of each layer, from the top layer on.</param>
    /// <param name="activation">Activation of the hidden layers.</param>
    /// <param name="initializer">Draws the weights.</param>
    public BottomUpEncoder(
        int inputs,
        IReadOnlyList<int> widths,
        int hiddenLayers,
        IReadOnlyList<int> features,
        Activation activation,
        ParameterInitializer initializer)
        : base(nameof(BottomUpEncoder))
    {
        ArgumentNullException.ThrowIfNull(widths);
        ArgumentNullException.ThrowIfNull(features);
        _bodies = new NormalizedMlp[widths.Count];
        _heads = new Mlp[widths.Count];
        int width = inputs;
        for (int layer = widths.Count - 1; layer >= 0; layer--)
        {
            _bodies[layer] = new NormalizedMlp(
                width, [.. Enumerable.Repeat(widths[layer], hiddenLayers)], 0, activation, initializer);
            width = widths[layer];
            _heads[layer] = new Mlp(width, [], features[layer], activation, initializer, outputGain: 0.1);
            register_module($"body{layer}", _bodies[layer]);
            register_module($"head{layer}", _heads[layer]);
        }
    }

    /// <inheritdoc/>
    public override EvidenceFeatures Encode(torch.Tensor x)
    {
        var features = new torch.Tensor[_bodies.Length];
        for (int layer = _bodies.Length - 1; layer >= 0; layer--)
        {
            x = _bodies[layer].Forward(x);
            features[layer] = _heads[layer].Forward(x);
        }

        return EvidenceFeatures.OfLayers(features);
    }
}
