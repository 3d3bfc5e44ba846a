using Sere.Networks;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Likelihoods;

/// <summary>
/// delta_l of the data layers, stacked over the S layers that have a previous block (section 3.4.2). A network on x_{l-1}
/// alone; in the joint form its last hidden layer also takes the hidden features of the network on z_l, through weights
/// that start at zero, so that training starts at the evidence-only form.
/// </summary>
internal sealed class ResidualDataNetwork : torch.nn.Module
{
    private readonly Activation _activation;
    private readonly StackedMlp _evidence;
    private readonly Parameter? _join;
    private readonly Parameter? _outputWeight;
    private readonly Parameter? _outputBias;

    /// <summary>A stack of residual networks.</summary>
    /// <param name="stack">S.</param>
    /// <param name="inputs">Size of the (padded) previous blocks.</param>
    /// <param name="hidden">Hidden widths.</param>
    /// <param name="outputs">Parameters of a (padded) block.</param>
    /// <param name="latentFeatures">Size of the hidden features of the network on z_l.</param>
    /// <param name="residual">Joint or evidence-only.</param>
    /// <param name="activation">Activation of the hidden layers.</param>
    /// <param name="initializer">Draws the weights.</param>
    public ResidualDataNetwork(
        int stack,
        int inputs,
        IReadOnlyList<int> hidden,
        int outputs,
        int latentFeatures,
        DataResidual residual,
        Activation activation,
        ParameterInitializer initializer)
        : base(nameof(ResidualDataNetwork))
    {
        _activation = activation;
        if (residual == DataResidual.Evidence)
        {
            _evidence = new StackedMlp(stack, inputs, hidden, outputs, activation, initializer, OutputGain);
        }
        else if (hidden.Count == 0)
        {
            throw new UsageException("A joint data residual needs a hidden layer; add one to model.data.network.hidden.");
        }
        else
        {
            _evidence = new StackedMlp(stack, inputs, [.. hidden.SkipLast(1)], hidden[^1], activation, initializer);
            _join = initializer.Constant(0, stack, latentFeatures, hidden[^1]);
            _outputWeight = initializer.Normal(OutputGain / Math.Sqrt(hidden[^1]), stack, hidden[^1], outputs);
            _outputBias = initializer.Constant(0, stack, 1, outputs);
            register_parameter("join", _join);
            register_parameter("output_weight", _outputWeight);
            register_parameter("output_bias", _outputBias);
        }

        register_module("evidence", _evidence);
    }

    // Small at the start: the residual refines what z_l says, it does not replace it.
    private static double OutputGain => 0.1;

    /// <summary>The part that depends on x alone: previous blocks [S, B, inputs] to [S, B, H].</summary>
    public torch.Tensor Prepare(torch.Tensor previous) => _evidence.Forward(previous);

    /// <summary>gamma1 + delta for K samples an image.</summary>
    /// <param name="prepared">From <see cref="Prepare"/>, [S, B, H].</param>
    /// <param name="latentHidden">Hidden features of the networks on z, [S, K B, features].</param>
    /// <param name="latentParameters">gamma1, [S, K B, outputs].</param>
    /// <returns>[S, K B, outputs].</returns>
    public torch.Tensor Refine(torch.Tensor prepared, torch.Tensor latentHidden, torch.Tensor latentParameters)
    {
        if (_join is null)
        {
            long[] shape = latentParameters.shape;
            return (latentParameters.view(shape[0], -1, prepared.shape[1], shape[2]) + prepared.unsqueeze(1)).view(shape);
        }

        var hidden = PerceptronLayer.Stacked(latentHidden, _join, bias: null, _activation, addend: prepared);
        return PerceptronLayer.Stacked(hidden, _outputWeight!, _outputBias, activation: null, addend: latentParameters);
    }

    /// <summary>One residual alone: [B, inputs] and [B, features] to [B, outputs].</summary>
    public torch.Tensor ForwardOne(int index, torch.Tensor previous, torch.Tensor latentHidden)
    {
        var prepared = _evidence.ForwardOne(index, previous).Output;
        if (_join is null)
        {
            return prepared;
        }

        var hidden = PerceptronLayer.Stacked(
            latentHidden.unsqueeze(0), _join.narrow(0, index, 1), bias: null, _activation, prepared.unsqueeze(0));
        return PerceptronLayer.Stacked(
            hidden, _outputWeight!.narrow(0, index, 1), _outputBias!.narrow(0, index, 1), activation: null).squeeze(0);
    }
}
