using Sere.Numerics;
using TorchSharp;

namespace Sere.Networks;

/// <summary>A refinement by the known input alone, whatever the code is.</summary>
public sealed class EvidenceRefinement : RefinementNetwork
{
    private readonly StackedNetwork _evidence;

    /// <summary>The refinement that these networks compute.</summary>
    public EvidenceRefinement(StackedNetwork evidence)
        : base(nameof(EvidenceRefinement))
    {
        _evidence = evidence;
        register_module("evidence", evidence);
    }

    /// <summary>Such a refinement of the given design.</summary>
    public static EvidenceRefinement Create(
        NetworkDesign design, int stack, FeatureShape known, FeatureShape output, ParameterInitializer initializer)
    {
        ArgumentNullException.ThrowIfNull(design);
        return new EvidenceRefinement(design.CreateStack(stack, known, output, initializer, OutputGain));
    }

    /// <inheritdoc/>
    public override torch.Tensor Prepare(torch.Tensor known) => _evidence.Forward(known);

    /// <inheritdoc/>
    public override torch.Tensor Refine(torch.Tensor prepared, torch.Tensor codeFeatures, torch.Tensor codeParameters)
    {
        ArgumentNullException.ThrowIfNull(prepared);
        ArgumentNullException.ThrowIfNull(codeParameters);
        long[] shape = codeParameters.shape;
        return codeParameters.view(shape[0], -1, prepared.shape[1], shape[2]).Plus(prepared.unsqueeze(1)).view(shape);
    }

    /// <inheritdoc/>
    public override torch.Tensor ForwardOne(int index, torch.Tensor known, torch.Tensor codeFeatures) =>
        _evidence.ForwardOne(index, known).Output;
}
