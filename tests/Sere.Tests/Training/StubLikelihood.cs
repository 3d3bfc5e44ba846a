using Sere.Distributions;
using Sere.Likelihoods;
using Sere.Networks;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Tests.Training;

/// <summary>
/// A model of one parameter for each dimension whose log-likelihood is any function of the parameters [D], the images
/// [B, D] and the number of calls before: it makes a trainer meet any gradient.
/// </summary>
internal sealed class StubLikelihood : Likelihood
{
    private readonly Func<torch.Tensor, torch.Tensor, int, torch.Tensor> _logLikelihood;
    private int _calls;

    public StubLikelihood(int dimensions, Func<torch.Tensor, torch.Tensor, int, torch.Tensor> logLikelihood)
        : base(nameof(StubLikelihood))
    {
        Dimensions = dimensions;
        Weights = new Parameter(torch.zeros(dimensions), requires_grad: true);
        register_module("weights", new ContextNetwork(Weights));
        _logLikelihood = logLikelihood;
    }

    public Parameter Weights { get; }

    public override int Dimensions { get; }

    public override string Space => "data";

    public override torch.Tensor LogProb(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence) =>
        _logLikelihood(Weights, evidence.Blocks, _calls++);

    public override DataDistribution Step(
        int block, IReadOnlyList<torch.Tensor> codes, IReadOnlyList<torch.Tensor> previousBlocks) =>
        throw new NotSupportedException();

    protected override DataEvidence Evidence(torch.Tensor x) => new(x, null);
}
