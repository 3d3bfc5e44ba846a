using TorchSharp;

namespace Sere.Networks;

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
