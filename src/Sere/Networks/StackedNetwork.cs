using TorchSharp;

namespace Sere.Networks;

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
