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

/// <summary>S networks of one form with independent weights, computed at once, from and to flat features.</summary>
internal abstract class StackedNetwork(string name) : torch.nn.Module(name)
{
    /// <summary>Number of networks, S.</summary>
    public abstract int Stack { get; }

    /// <summary>All networks at once: [S, B, inputs], or [B, inputs] shared by all, to [S, B, outputs].</summary>
    public torch.Tensor Forward(torch.Tensor x) => ForwardWithHidden(x).Output;

    /// <summary>As <see cref="Forward"/>, with the features that the output is an affine map of.</summary>
    public abstract (torch.Tensor Output, torch.Tensor Hidden) ForwardWithHidden(torch.Tensor x);

    /// <summary>One network alone: [B, inputs] to [B, outputs], with its last features.</summary>
    public abstract (torch.Tensor Output, torch.Tensor Hidden) ForwardOne(int index, torch.Tensor x);

    /// <summary>Sets what each output is where all weights are zero.</summary>
    /// <param name="values">[S, 1, outputs].</param>
    public abstract void InitializeOutput(torch.Tensor values);
}

/// <summary>A stack of networks as one, whose inputs and outputs have the stack as their first dimension.</summary>
internal sealed class StackedParameters : ParameterNetwork
{
    private readonly StackedNetwork _network;

    /// <summary>All networks of a stack.</summary>
    public StackedParameters(StackedNetwork network)
        : base(nameof(StackedParameters))
    {
        _network = network;
        register_module("network", network);
    }

    /// <summary>[S, ..., inputs] to [S, ..., outputs].</summary>
    public override torch.Tensor Forward(torch.Tensor x)
    {
        long[] shape = x.shape;
        return _network.Forward(x.reshape(shape[0], -1, shape[^1])).view([.. shape[..^1], -1]);
    }
}

/// <summary>One network of a stack, which owns its parameters.</summary>
internal sealed class StackMember(StackedNetwork network, int index, int inputs) : ParameterNetwork(nameof(StackMember))
{
    public override torch.Tensor Forward(torch.Tensor x)
    {
        long[] shape = x.shape;
        var rows = torch.nn.functional.pad(x.reshape(-1, shape[^1]), [0, inputs - shape[^1]]);
        return network.ForwardOne(index, rows).Output.view([.. shape[..^1], -1]);
    }
}

/// <summary>A stack of one network, as a network.</summary>
internal sealed class SingleNetwork : ParameterNetwork
{
    private readonly StackedNetwork _network;

    /// <summary>The one network of a stack.</summary>
    /// <exception cref="ArgumentException">The stack holds more than one.</exception>
    public SingleNetwork(StackedNetwork network)
        : base(nameof(SingleNetwork))
    {
        if (network.Stack != 1)
        {
            throw new ArgumentException($"The stack holds {network.Stack} networks.", nameof(network));
        }

        _network = network;
        register_module("network", network);
    }

    public override torch.Tensor Forward(torch.Tensor x)
    {
        var output = _network.Forward(x.reshape(-1, x.shape[^1]));
        return output.view([.. x.shape[..^1], output.shape[^1]]);
    }
}
