using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Networks;

/// <summary>
/// A refinement by perceptrons in which the last hidden layer sees the code's features too: three networks, on the code,
/// on the known input, and on both (section 3.1).
/// </summary>
public sealed class JointPerceptronRefinement : RefinementNetwork
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
        ArgumentNullException.ThrowIfNull(hidden);
        ArgumentNullException.ThrowIfNull(initializer);
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

    /// <inheritdoc/>
    public override torch.Tensor Prepare(torch.Tensor known) => _evidence.Forward(known);

    /// <inheritdoc/>
    public override torch.Tensor Refine(torch.Tensor prepared, torch.Tensor codeFeatures, torch.Tensor codeParameters)
    {
        var hidden = PerceptronLayer.Stacked(codeFeatures, _join, bias: null, _activation, addend: prepared);
        return PerceptronLayer.Stacked(hidden, _outputWeight, _outputBias, activation: null, addend: codeParameters);
    }

    /// <inheritdoc/>
    public override torch.Tensor ForwardOne(int index, torch.Tensor known, torch.Tensor codeFeatures)
    {
        ArgumentNullException.ThrowIfNull(codeFeatures);
        var prepared = _evidence.ForwardOne(index, known).Output;
        var hidden = PerceptronLayer.Stacked(
            codeFeatures.unsqueeze(0), _join.narrow(0, index, 1), bias: null, _activation, prepared.unsqueeze(0));
        return PerceptronLayer.Stacked(
            hidden, _outputWeight.narrow(0, index, 1), _outputBias.narrow(0, index, 1), activation: null).squeeze(0);
    }
}
