using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Networks;

/// <summary>A network that computes the parameters of a distribution or a bijector from a flat context.</summary>
internal abstract class ParameterNetwork(string name) : torch.nn.Module(name)
{
    /// <summary>The output [..., outputs] for an input [..., inputs].</summary>
    public abstract torch.Tensor Forward(torch.Tensor x);
}

/// <summary>
/// Parameters of an amortized distribution or bijector (section 3.4.1): a network of the context, or one learned vector
/// where there is no context.
/// </summary>
internal sealed class ContextNetwork : torch.nn.Module
{
    private readonly ParameterNetwork? _network;
    private readonly Parameter? _constant;

    /// <summary>Parameters that a network computes from a context.</summary>
    public ContextNetwork(ParameterNetwork network)
        : base(nameof(ContextNetwork))
    {
        _network = network;
        register_module("network", network);
    }

    /// <summary>Parameters that are learned as they stand.</summary>
    public ContextNetwork(Parameter constant)
        : base(nameof(ContextNetwork))
    {
        _constant = constant;
        register_parameter("constant", constant);
    }

    /// <summary>Whether the parameters depend on a context.</summary>
    public bool IsConditional => _network is not null;

    /// <summary>Whether a perceptron computes them.</summary>
    internal bool IsPerceptron => _network is Mlp;

    /// <summary>The perceptron that computes them, or null.</summary>
    internal Mlp? Perceptron => _network as Mlp;

    /// <summary>The parameters: [..., P] for a context [..., C], or [P] without one.</summary>
    /// <exception cref="ArgumentException">A context is missing, or one is given where none is used.</exception>
    public torch.Tensor Forward(torch.Tensor? context)
    {
        if (context is null != _network is null)
        {
            throw new ArgumentException(
                _network is null ? "These parameters take no context." : "These parameters need a context.",
                nameof(context));
        }

        return _network is null ? _constant!.alias() : _network.Forward(context!);
    }
}
