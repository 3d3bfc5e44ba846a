using Sere.Numerics;
using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// A refinement by residual networks in which the last features see the code's too, place by place: three networks, on the
/// code, on the known input, and on both (section 3.1).
/// </summary>
public sealed class JointConvolutionalRefinement : RefinementNetwork
{
    private readonly ResidualTrunk _evidence;
    private readonly StackedConvolution _join;
    private readonly ConvolutionalHead _head;
    private readonly FeatureShape _known;
    private readonly Activation _activation;
    private readonly int _stack;

    /// <summary>A stack of such refinements.</summary>
    /// <param name="stack">Number of them, S.</param>
    /// <param name="known">What the known input stands for.</param>
    /// <param name="code">What the input of the code's networks stands for.</param>
    /// <param name="output">What the parameters stand for.</param>
    /// <param name="settings">Settings of the networks, the code's included.</param>
    /// <param name="initializer">Draws the initial weights; those on the code's features start at zero.</param>
    /// <exception cref="UsageException">The features of the two do not lie on one grid.</exception>
    public JointConvolutionalRefinement(
        int stack,
        FeatureShape known,
        FeatureShape code,
        FeatureShape output,
        ResidualSettings settings,
        ParameterInitializer initializer)
        : base(nameof(JointConvolutionalRefinement))
    {
        ArgumentNullException.ThrowIfNull(settings);
        (_stack, _known, _activation) = (stack, known, settings.Activation);
        _evidence = new ResidualTrunk(stack, known, output, settings, initializer);
        var codeFeatures = ResidualTrunk.Features(code, output, settings);
        if (codeFeatures.Height != _evidence.Output.Height || codeFeatures.Width != _evidence.Output.Width)
        {
            throw new UsageException(
                $"A joint data residual needs features on one grid, not on {codeFeatures} and {_evidence.Output}; change the "
                + "stride or the number of widths of model.data.network, or set model.data.residual to evidence.");
        }

        bool isNormalized = settings.Normalization == Normalization.Weight;
        _join = new StackedConvolution(
            stack, codeFeatures.Channels, _evidence.Output.Channels, 1, 1, isNormalized, gain: 0, initializer);
        _head = new ConvolutionalHead(stack, _evidence.Output, output, settings, initializer, OutputGain);
        register_module("evidence", _evidence);
        register_module("join", _join);
        register_module("head", _head);
    }

    /// <inheritdoc/>
    public override torch.Tensor Prepare(torch.Tensor known)
    {
        ArgumentNullException.ThrowIfNull(known);
        return StackedGrid.ToFlat(_evidence.Forward(StackedGrid.FromFlat(known, _known), 0, _stack), _stack);
    }

    /// <inheritdoc/>
    public override torch.Tensor Refine(torch.Tensor prepared, torch.Tensor codeFeatures, torch.Tensor codeParameters)
    {
        ArgumentNullException.ThrowIfNull(codeParameters);
        return codeParameters.Plus(Join(prepared, codeFeatures, 0, _stack));
    }

    /// <inheritdoc/>
    public override torch.Tensor ForwardOne(int index, torch.Tensor known, torch.Tensor codeFeatures)
    {
        ArgumentNullException.ThrowIfNull(known);
        ArgumentNullException.ThrowIfNull(codeFeatures);
        var evidence = _evidence.Forward(StackedGrid.FromFlat(known.unsqueeze(0), _known), index, 1);
        return Join(StackedGrid.ToFlat(evidence, 1), codeFeatures.unsqueeze(0), index, 1).squeeze(0);
    }

    private torch.Tensor Join(torch.Tensor prepared, torch.Tensor codeFeatures, int first, int count)
    {
        var joined = _join.Forward(StackedGrid.FromFlat(codeFeatures, _evidence.Output), first, count);
        var evidence = StackedGrid.FromFlat(prepared, _evidence.Output);
        long[] shape = joined.shape;
        var sum = joined.view(-1, evidence.shape[0], shape[1], shape[2], shape[3]).Plus(evidence).view(shape);
        return _head.Forward(_activation.Apply(sum), first, count);
    }
}
