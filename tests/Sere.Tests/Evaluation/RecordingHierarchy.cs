using Sere.Distributions;
using Sere.Hierarchies;
using Sere.Likelihoods;
using Sere.Models;
using Sere.Networks;
using TorchSharp;

namespace Sere.Tests.Evaluation;

/// <summary>A hierarchy that keeps the noise that it is given; its log ratio is the sum of it.</summary>
internal sealed class RecordingHierarchy() : Hierarchy(nameof(RecordingHierarchy))
{
    public List<torch.Tensor> Noise { get; } = [];

    public override int Layers => 1;

    public override int Latents(int layer) => 3;

    public override IReadOnlyList<LayerEvidence> Interpret(EvidenceFeatures features) => [];

    public override LatentStep Step(int layer, IReadOnlyList<LatentStep> earlier, LatentSource source) =>
        throw new NotSupportedException();

    public override WeightedDraw DrawWeighted(IReadOnlyList<LayerEvidence> evidence, torch.Tensor noise)
    {
        Noise.Add(noise.clone().DetachFromDisposeScope());
        return new WeightedDraw([noise], [noise.sum(-1)]);
    }

    /// <summary>A model of it, whose log importance weights are the sum of the noise.</summary>
    public DensityModel Model() => new(new NoEvidence(), this, new NoLikelihood());

    private sealed class NoLikelihood() : Likelihood(nameof(NoLikelihood))
    {
        public override int Dimensions => 4;

        public override string Space => "discrete";

        public override torch.Tensor LogProb(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence) =>
            torch.zeros(codes[0].shape[..^1], codes[0].dtype);

        public override DataDistribution Step(
            int block, IReadOnlyList<torch.Tensor> codes, IReadOnlyList<torch.Tensor> previousBlocks) =>
            throw new NotSupportedException();

        protected override DataEvidence Evidence(torch.Tensor x) => new(x, null);
    }
}
