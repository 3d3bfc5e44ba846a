using Sere.Likelihoods;
using Sere.Models;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Tests.Training;

/// <summary>
/// A model of one parameter for each dimension whose log-likelihood is any function of the parameters [D], the images
/// [B, D] and the number of calls before: it makes a trainer meet any gradient.
/// </summary>
internal sealed class StubModel : DensityModel
{
    private readonly Func<torch.Tensor, torch.Tensor, int, torch.Tensor> _logLikelihood;
    private int _calls;

    public StubModel(int dimensions, Func<torch.Tensor, torch.Tensor, int, torch.Tensor> logLikelihood)
        : base(nameof(StubModel))
    {
        Dimensions = dimensions;
        Weights = new Parameter(torch.zeros(dimensions), requires_grad: true);
        register_parameter("weights", Weights);
        _logLikelihood = logLikelihood;
    }

    public Parameter Weights { get; }

    public override int Dimensions { get; }

    public override int Layers => 1;

    public override int NoiseSize => 1;

    public override bool IsBound => false;

    public override string Space => "data";

    public override EncodedBatch Encode(torch.Tensor x) => new(x.shape[0], [], new DataEvidence(x, null));

    public override ElboTerms Elbo(EncodedBatch batch, torch.Tensor noise) => new(
        _logLikelihood(Weights, batch.Data.Blocks, _calls++), torch.zeros(1, batch.Size));

    public override torch.Tensor LogImportanceWeights(EncodedBatch batch, torch.Tensor noise) =>
        throw new NotSupportedException();

    public override ImportanceWeightedTerms ImportanceWeighted(EncodedBatch batch, torch.Tensor noise) =>
        throw new NotSupportedException();

    public override GeneratedImages Sample(torch.Tensor noise, torch.Tensor uniform, double temperature = 1) =>
        throw new NotSupportedException();

    public override GeneratedImages Reconstruct(torch.Tensor x, torch.Tensor noise, torch.Tensor? uniform) =>
        throw new NotSupportedException();

    public override void InitializeOutput(torch.Tensor mean) => throw new NotSupportedException();
}
