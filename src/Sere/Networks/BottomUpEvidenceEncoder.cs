using Sere.Numerics;
using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// A deterministic pass from x upward in which each layer's features come from those of the layer below: d_L = g_L(x),
/// d_l = d_{l+1} + g_l(d_{l+1}), and the features of layer l are an affine map of d_l. The first layer of the hierarchy is
/// the top, and is reached last. (The first suggestion of section 5 for future work.)
/// </summary>
public sealed class BottomUpEvidenceEncoder : EvidenceEncoder
{
    private readonly ParameterNetwork _bottom;
    private readonly ParameterNetwork[] _steps;
    private readonly ParameterNetwork[] _heads;

    /// <summary>An encoder with freshly drawn parameters.</summary>
    /// <param name="design">Kind of its networks.</param>
    /// <param name="layers">Layers of the hierarchy, L.</param>
    /// <param name="input">What x stands for.</param>
    /// <param name="output">What the features of a layer stand for.</param>
    /// <param name="initializer">Draws the weights.</param>
    public BottomUpEvidenceEncoder(
        NetworkDesign design, int layers, FeatureShape input, FeatureShape output, ParameterInitializer initializer)
        : base(nameof(BottomUpEvidenceEncoder))
    {
        ArgumentNullException.ThrowIfNull(design);
        var features = design.Features(input, output);
        _bottom = design.Create(input, features, initializer);
        _steps = new ParameterNetwork[layers - 1];
        _heads = new ParameterNetwork[layers];
        register_module("bottom", _bottom);
        for (int layer = layers - 1; layer >= 0; layer--)
        {
            _heads[layer] = design.CreateHead(features, output, initializer, outputGain: 0.1);
            register_module($"head{layer}", _heads[layer]);
            if (layer < layers - 1)
            {
                _steps[layer] = design.CreateStep(features, initializer);
                register_module($"step{layer}", _steps[layer]);
            }
        }
    }

    /// <inheritdoc/>
    public override EvidenceFeatures Encode(torch.Tensor x)
    {
        var features = new torch.Tensor[_heads.Length];
        var pass = _bottom.Forward(x);
        for (int layer = _heads.Length - 1; layer >= 0; layer--)
        {
            if (layer < _steps.Length)
            {
                pass = pass.Plus(_steps[layer].Forward(pass));
            }

            features[layer] = _heads[layer].Forward(pass);
        }

        return EvidenceFeatures.OfStack(torch.stack(features));
    }
}
