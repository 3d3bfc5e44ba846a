using TorchSharp;

namespace Sere.Networks;

/// <summary>A network that computes the parameters of a distribution or a bijector from a flat context.</summary>
public abstract class ParameterNetwork : torch.nn.Module
{
    /// <summary>Names the module.</summary>
    protected ParameterNetwork(string name)
        : base(name)
    {
    }

    /// <summary>The output [..., outputs] for an input [..., inputs].</summary>
    public abstract torch.Tensor Forward(torch.Tensor x);
}
