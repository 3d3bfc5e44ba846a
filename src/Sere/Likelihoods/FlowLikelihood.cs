using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>
/// p(x | z) of the whole image as a normalizing flow (section 4.2.2): layer l of the hierarchy owns steps of the flow, whose
/// networks see z_l, and adds to the parameters of the base. A draw takes a pass for each dimension.
/// </summary>
public sealed class FlowLikelihood : Likelihood
{
    private readonly FlowDensity _density;

    /// <summary>A likelihood of D dimensions.</summary>
    public FlowLikelihood(int dimensions, FlowDensity density)
        : base(nameof(FlowLikelihood))
    {
        Dimensions = dimensions;
        _density = density;
        register_module("density", density);
    }

    /// <inheritdoc/>
    public override int Dimensions { get; }

    /// <inheritdoc/>
    public override string Space => _density.Space;

    /// <inheritdoc/>
    public override bool HasStatistics => _density.HasStatistics;

    /// <inheritdoc/>
    public override DataEvidence Prepare(torch.Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.dim() == 2 && x.shape[1] == Dimensions
            ? new DataEvidence(_density.Prepare(x).unsqueeze(0), null)
            : throw new ArgumentException(
                $"The likelihood takes data of shape [B, {Dimensions}], not [{string.Join(", ", x.shape)}].", nameof(x));
    }

    /// <inheritdoc/>
    public override torch.Tensor LogProb(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(evidence);
        return _density.LogProb(evidence.Blocks.squeeze(0), codes);
    }

    /// <inheritdoc/>
    public override GeneratedImages Generate(IReadOnlyList<torch.Tensor> codes, torch.Tensor uniform)
    {
        // A flow has no mean in closed form: what is shown is the draw itself.
        var values = _density.Draw(uniform, codes);
        return new GeneratedImages(values, values);
    }

    /// <inheritdoc/>
    public override GeneratedImages TeacherForced(IReadOnlyList<torch.Tensor> codes, torch.Tensor x) => throw new SereException(
        "A flow draws the whole image at once, so that there is no true block before to be shown; leave out --teacher-forced.");

    /// <inheritdoc/>
    public override void InitializeOutput(torch.Tensor mean)
    {
        // It starts near the base in the space that is modelled, whatever the means of the data.
    }

    /// <inheritdoc/>
    public override void FitSpace(torch.Tensor x) => _density.FitSpace(x);

    /// <inheritdoc/>
    public override torch.Tensor SpaceLogDeterminant(torch.Tensor x) => _density.SpaceLogDeterminant(x);

    /// <inheritdoc/>
    public override void FitStatistics(
        IReadOnlyList<torch.Tensor> batches, IReadOnlyList<IReadOnlyList<torch.Tensor>> codes) =>
        _density.FitStatistics(batches, codes);
}
