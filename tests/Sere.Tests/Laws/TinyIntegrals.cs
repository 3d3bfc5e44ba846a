using System.Collections.Concurrent;
using Sere.Hierarchies;
using Sere.Models;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Tests.Laws;

/// <summary>
/// What quadrature over eps_1, eps_2, ..., or the sum over all binary latents, says of a tiny model, for each of the 16
/// images.
/// </summary>
/// <param name="Likelihood">p(x).</param>
/// <param name="PosteriorMass">The integral of q(eps | x).</param>
/// <param name="Elbo">E_q[log p(x | z)] less the expectation under q of the layers' own divergences (eqs. 2 and 10).</param>
/// <param name="Gap">KL(q || exact posterior).</param>
internal sealed record TinyIntegrals(double[] Likelihood, double[] PosteriorMass, double[] Elbo, double[] Gap)
{
    private static readonly ConcurrentDictionary<string, TinyIntegrals> Computed = new(StringComparer.Ordinal);

    /// <summary>The integrals of a model of <see cref="TinyModels"/>, computed once.</summary>
    public static TinyIntegrals Of(string name) => Computed.GetOrAdd(name, static key =>
    {
        using var model = TinyModels.Create(key);
        return Integrate(model, TinyModels.IsBinary(key));
    });

    private static TinyIntegrals Integrate(DensityModel model, bool isBinary)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var batch = model.Encode(TinyModels.AllImages());
        var likelihood = torch.zeros(batch.Size, torch.ScalarType.Float64);
        var mass = torch.zeros_like(likelihood);
        var elbo = torch.zeros_like(likelihood);
        var gap = torch.zeros_like(likelihood);

        // eps_1 is standard normal; the others have means within 1.5 and deviations of at most 1.2. The tail is some 1e-10.
        // A posterior that is a flow stays near its standard normal prior.
        void Visit(torch.Tensor eps, torch.Tensor weights)
        {
            var latents = eps.unsqueeze(1).split([.. model.LatentsPerLayer.Select(size => (long)size)], -1);
            var steps = model.Hierarchy.Walk(layer => new LatentSource.Given(latents[layer], batch.Evidence[layer]));
            var codes = steps.Select(step => step.Code.expand(-1, batch.Size, -1)).ToArray();
            var logLikelihood = model.Likelihood.LogProb(codes, batch.Data);
            var logPrior = steps.Select(step => step.LogPrior).Aggregate((sum, term) => sum.Plus(term));
            var logPosterior = steps.Select(step => step.LogPosterior).Aggregate((sum, term) => sum.Plus(term));
            var divergence = steps.Select(step => step.Kl).Aggregate((sum, term) => sum.Plus(term));
            var volume = weights.unsqueeze(1);
            var q = logPosterior.exp() * volume;
            likelihood.PlusInPlace((logPrior.Plus(logLikelihood).exp() * volume).sum([0]));
            mass.PlusInPlace(q.sum([0]));
            elbo.PlusInPlace((q * (logLikelihood - divergence)).sum([0]));
            gap.PlusInPlace((q * (logPosterior - logPrior - logLikelihood)).sum([0]));
        }

        if (isBinary)
        {
            var all = Float64.BinaryVectors(model.NoiseSize);
            Visit(all, torch.ones(all.shape[0], torch.ScalarType.Float64));
        }
        else
        {
            // With a fourth latent the step is as wide as the tolerances of the laws allow.
            double[] others = [.. Enumerable.Repeat(9.5, model.NoiseSize - 1)];
            new Trapezoid(model.NoiseSize > 3 ? 0.55 : 0.4, [7.2, .. others]).ForEachSlice(Visit);
        }

        gap.PlusInPlace(likelihood.log());
        return new TinyIntegrals(
            [.. likelihood.data<double>()], [.. mass.data<double>()], [.. elbo.data<double>()], [.. gap.data<double>()]);
    }
}
