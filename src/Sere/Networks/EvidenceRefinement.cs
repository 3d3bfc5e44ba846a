using Sere.Kernels;
using Sere.Numerics;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Networks;

/// <summary>A refinement by the known input alone, whatever the code is.</summary>
internal sealed class EvidenceRefinement : RefinementNetwork
{
    private readonly StackedNetwork _evidence;

    /// <summary>The refinement that these networks compute.</summary>
    public EvidenceRefinement(StackedNetwork evidence)
        : base(nameof(EvidenceRefinement))
    {
        _evidence = evidence;
        register_module("evidence", evidence);
    }

    /// <summary>Such a refinement of the given design.</summary>
    public static EvidenceRefinement Create(
        NetworkDesign design, int stack, FeatureShape known, FeatureShape output, ParameterInitializer initializer)
    {
        return new EvidenceRefinement(design.CreateStack(stack, known, output, initializer, OutputGain));
    }

    public override torch.Tensor Prepare(torch.Tensor known) => _evidence.Forward(known);

    public override torch.Tensor Refine(torch.Tensor prepared, torch.Tensor codeFeatures, torch.Tensor codeParameters)
    {
        long[] shape = codeParameters.shape;
        return codeParameters.view(shape[0], -1, prepared.shape[1], shape[2]).Plus(prepared.unsqueeze(1)).view(shape);
    }

    public override torch.Tensor ForwardOne(int index, torch.Tensor known, torch.Tensor codeFeatures) =>
        _evidence.ForwardOne(index, known).Output;
}

/// <summary>
/// S networks that refine the parameters that a code gives by what is known beside it: delta_l(x_{l-1}, z_l), added to
/// gamma1_l(z_l) in unconstrained space (section 3.1).
/// </summary>
/// <remarks>
/// What depends on the known input alone is computed once by <see cref="Prepare"/>, however many latent samples are drawn.
/// </remarks>
internal abstract class RefinementNetwork(string name) : torch.nn.Module(name)
{
    /// <summary>Factor on the initial output: a refinement is small at the start, it does not replace what it refines.</summary>
    protected const double OutputGain = 0.1;

    /// <summary>The part that depends on the known input alone, for each of a stack: [S, B, inputs] to [S, B, P].</summary>
    public abstract torch.Tensor Prepare(torch.Tensor known);

    /// <summary>The refined parameters, all of a stack at once.</summary>
    /// <param name="prepared">From <see cref="Prepare"/>, [S, B, P].</param>
    /// <param name="codeFeatures">Last hidden features of the code's networks, [S, K B, H].</param>
    /// <param name="codeParameters">What the code alone gives, [S, K B, outputs].</param>
    /// <returns>[S, K B, outputs].</returns>
    public abstract torch.Tensor Refine(torch.Tensor prepared, torch.Tensor codeFeatures, torch.Tensor codeParameters);

    /// <summary>What one of the stack adds: [B, inputs] and [B, H] to [B, outputs].</summary>
    public abstract torch.Tensor ForwardOne(int index, torch.Tensor known, torch.Tensor codeFeatures);
}

/// <summary>
/// A refinement by perceptrons in which the last hidden layer sees the code's features too: three networks, on the code,
/// on the known input, and on both (section 3.1).
/// </summary>
internal sealed class JointPerceptronRefinement : RefinementNetwork
{
    private readonly Activation _activation;
    private readonly StackedMlp _evidence;
    private readonly Parameter _join;
    private readonly Parameter _outputWeight;
    private readonly Parameter _outputBias;

    /// <summary>A stack of such refinements.</summary>
    /// <param name="stack">Number of them, S.</param>
    /// <param name="inputs">Size of the known input.</param>
    /// <param name="hidden">Hidden widths; at least one.</param>
    /// <param name="outputs">Parameters of a block.</param>
    /// <param name="codeFeatures">Size of the code's last hidden features.</param>
    /// <param name="activation">Activation of the hidden layers.</param>
    /// <param name="initializer">Draws the initial weights; those on the code's features start at zero.</param>
    /// <exception cref="UsageException">There is no hidden layer.</exception>
    public JointPerceptronRefinement(
        int stack,
        int inputs,
        IReadOnlyList<int> hidden,
        int outputs,
        int codeFeatures,
        Activation activation,
        ParameterInitializer initializer)
        : base(nameof(JointPerceptronRefinement))
    {
        if (hidden.Count == 0)
        {
            throw new UsageException("A joint data residual needs a hidden layer; add one to model.data.network.hidden.");
        }

        _activation = activation;
        _evidence = new StackedMlp(stack, inputs, [.. hidden.SkipLast(1)], hidden[^1], activation, initializer);
        _join = initializer.Constant(0, stack, codeFeatures, hidden[^1]);
        _outputWeight = initializer.Normal(OutputGain / Math.Sqrt(hidden[^1]), stack, hidden[^1], outputs);
        _outputBias = initializer.Constant(0, stack, 1, outputs);
        register_parameter("join", _join);
        register_parameter("output_weight", _outputWeight);
        register_parameter("output_bias", _outputBias);
        register_module("evidence", _evidence);
    }

    public override torch.Tensor Prepare(torch.Tensor known) => _evidence.Forward(known);

    public override torch.Tensor Refine(torch.Tensor prepared, torch.Tensor codeFeatures, torch.Tensor codeParameters)
    {
        var hidden = PerceptronLayer.Stacked(codeFeatures, _join, bias: null, _activation, addend: prepared);
        return PerceptronLayer.Stacked(hidden, _outputWeight, _outputBias, activation: null, addend: codeParameters);
    }

    public override torch.Tensor ForwardOne(int index, torch.Tensor known, torch.Tensor codeFeatures)
    {
        var prepared = _evidence.ForwardOne(index, known).Output;
        var hidden = PerceptronLayer.Stacked(
            codeFeatures.unsqueeze(0), _join.narrow(0, index, 1), bias: null, _activation, prepared.unsqueeze(0));
        return PerceptronLayer.Stacked(
            hidden, _outputWeight.narrow(0, index, 1), _outputBias.narrow(0, index, 1), activation: null).squeeze(0);
    }
}

/// <summary>
/// A refinement by residual networks in which the last features see the code's too, place by place: three networks, on the
/// code, on the known input, and on both (section 3.1).
/// </summary>
internal sealed class JointConvolutionalRefinement : RefinementNetwork
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
        ResidualDesign settings,
        ParameterInitializer initializer)
        : base(nameof(JointConvolutionalRefinement))
    {
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

    public override torch.Tensor Prepare(torch.Tensor known)
    {
        return StackedGrid.ToFlat(_evidence.Forward(StackedGrid.FromFlat(known, _known), 0, _stack), _stack);
    }

    public override torch.Tensor Refine(torch.Tensor prepared, torch.Tensor codeFeatures, torch.Tensor codeParameters)
    {
        return codeParameters.Plus(Join(prepared, codeFeatures, 0, _stack));
    }

    public override torch.Tensor ForwardOne(int index, torch.Tensor known, torch.Tensor codeFeatures)
    {
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
