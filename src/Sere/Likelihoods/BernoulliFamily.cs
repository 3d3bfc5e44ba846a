using Sere.Distributions;
using Sere.Numerics;
using Sere.Numerics.Kernels;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>Binary data: one logit a dimension.</summary>
public sealed class BernoulliFamily : DataFamily
{
    /// <inheritdoc/>
    public override int ParametersPerPosition => 1;

    /// <inheritdoc/>
    public override string Space => "discrete";

    /// <inheritdoc/>
    public override DataDistribution Bind(torch.Tensor parameters) => new Bernoulli(parameters);

    /// <inheritdoc/>
    public override torch.Tensor LogLikelihood(torch.Tensor parameters, torch.Tensor blocks, torch.Tensor mask)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return FusedKernels.Take(parameters, withoutGradient: [blocks, mask])
            ? BernoulliLogLikelihoodFunction.Apply(parameters, blocks, mask)
            : base.LogLikelihood(parameters, blocks, mask);
    }

    /// <inheritdoc/>
    public override torch.Tensor InitialParameters(torch.Tensor mean)
    {
        ArgumentNullException.ThrowIfNull(mean);

        // Pixels that are never on in the training data would have a logit of minus infinity.
        return mean.Clamp(0.001, 0.999).logit();
    }
}
