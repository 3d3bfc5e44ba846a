using TorchSharp;

namespace Sere.Networks;

/// <summary>A stack of one network, as a network.</summary>
public sealed class SingleNetwork : ParameterNetwork
{
    private readonly StackedNetwork _network;

    /// <summary>The one network of a stack.</summary>
    /// <exception cref="ArgumentException">The stack holds more than one.</exception>
    public SingleNetwork(StackedNetwork network)
        : base(nameof(SingleNetwork))
    {
        ArgumentNullException.ThrowIfNull(network);
        if (network.Stack != 1)
        {
            throw new ArgumentException($"The stack holds {network.Stack} networks.", nameof(network));
        }

        _network = network;
        register_module("network", network);
    }

    /// <inheritdoc/>
    public override torch.Tensor Forward(torch.Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        var output = _network.Forward(x.reshape(-1, x.shape[^1]));
        return output.view([.. x.shape[..^1], output.shape[^1]]);
    }
}
