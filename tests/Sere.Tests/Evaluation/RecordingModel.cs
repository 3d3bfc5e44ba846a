using Sere.Likelihoods;
using Sere.Models;
using TorchSharp;

namespace Sere.Tests.Evaluation;

/// <summary>Keeps the noise that it is given; its log importance weights are the sum of it.</summary>
internal sealed class RecordingModel : DensityModel
{
    public RecordingModel()
        : base(nameof(RecordingModel))
    {
    }

    public List<torch.Tensor> Noise { get; } = [];

    public override int Dimensions => 4;

    public override int Layers => 1;

    public override int NoiseSize => 3;

    public override bool IsBound => true;

    public override string Space => "discrete";

    public override EncodedBatch Encode(torch.Tensor x) => new(x.shape[0], [], new DataEvidence(x, null));

    public override torch.Tensor LogImportanceWeights(EncodedBatch batch, torch.Tensor noise)
    {
        Noise.Add(noise.clone().DetachFromDisposeScope());
        return noise.sum(-1);
    }

    public override ElboTerms Elbo(EncodedBatch batch, torch.Tensor noise) => throw new NotSupportedException();

    public override ImportanceWeightedTerms ImportanceWeighted(EncodedBatch batch, torch.Tensor noise) =>
        throw new NotSupportedException();

    public override GeneratedImages Sample(torch.Tensor noise, torch.Tensor uniform, double temperature = 1) =>
        throw new NotSupportedException();

    public override GeneratedImages Reconstruct(torch.Tensor x, torch.Tensor noise, torch.Tensor? uniform) =>
        throw new NotSupportedException();

    public override void InitializeOutput(torch.Tensor mean) => throw new NotSupportedException();
}
