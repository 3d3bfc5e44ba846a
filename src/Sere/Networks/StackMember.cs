using TorchSharp;

namespace Sere.Networks;

/// <summary>One network of a stack, which owns its parameters.</summary>
internal sealed class StackMember : ParameterNetwork
{
    private readonly StackedNetwork _network;
    private readonly int _index;
    private readonly int _inputs;

    /// <summary>The network at an index; contexts that are shorter than its inputs are padded with zeros.</summary>
    public StackMember(StackedNetwork network, int index, int inputs)
        : base(nameof(StackMember))
    {
        (_network, _index, _inputs) = (network, index, inputs);
    }

    /// <inheritdoc/>
    public override torch.Tensor Forward(torch.Tensor x)
    {
        long[] shape = x.shape;
        var rows = torch.nn.functional.pad(x.reshape(-1, shape[^1]), [0, _inputs - shape[^1]]);
        return _network.ForwardOne(_index, rows).Output.view([.. shape[..^1], -1]);
    }
}
