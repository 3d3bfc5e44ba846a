using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// S networks that refine the parameters that a code gives by what is known beside it: delta_l(x_{l-1}, z_l), added to
/// gamma1_l(z_l) in unconstrained space (section 3.1).
/// </summary>
/// <remarks>
/// What depends on the known input alone is computed once by <see cref="Prepare"/>, however many latent samples are drawn.
/// </remarks>
public abstract class RefinementNetwork : torch.nn.Module
{
    /// <summary>Factor on the initial output: a refinement is small at the start, it does not replace what it refines.</summary>
    protected const double OutputGain = 0.1;

    /// <summary>Names the module.</summary>
    protected RefinementNetwork(string name)
        : base(name)
    {
    }

    /// <summary>The part that depends on the known input alone, for each of a stack: [S, B, inputs] to [S, B, P].</summary>
    public abstract torch.Tensor Prepare(torch.Tensor known);

    /// <summary>The refined parameters, all of a stack at once.</summary>
    /// <param name="prepared">From <see cref="Prepare"/>, [S, B, P].</param>
    /// <param name="codeFeatures">Last hidden features of the code's networks, [S, K B, H].</param>
    /// <param name="codeParameters">What the code alone gives, [S, K B, outputs].</param>
    /// <returns>[S, K B, outputs].</returns>
    public abstract torch.Tensor Refine(torch.Tensor prepared, torch.Tensor codeFeatures, torch.Tensor codeParameters);

    /// <summary>What one of the stack adds: [B, inputs] and [B, H] to [B, outputs].</summary>
    public abstract torch.Tensor ForwardOne(int index, torch.Tensor known, torch.Tensor codeFeatures);
}
