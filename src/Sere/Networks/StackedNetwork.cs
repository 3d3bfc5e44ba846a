using TorchSharp;

namespace Sere.Networks;

/// <summary>S networks of one form with independent weights, computed at once, from and to flat features.</summary>
public abstract class StackedNetwork : torch.nn.Module
{
    /// <summary>Names the module.</summary>
    protected StackedNetwork(string name)
        : base(name)
    {
    }

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
