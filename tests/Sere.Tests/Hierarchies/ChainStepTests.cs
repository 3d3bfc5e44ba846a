using Sere.Bijectors;
using Sere.Distributions;
using Sere.Hierarchies;
using Sere.Kernels;
using Sere.Networks;
using Sere.Numerics;
using Sere.Partitions;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Hierarchies;

/// <summary>The chain's steps in one pass equal the plain formulas, values and gradients, up to the rounding of float32.</summary>
/// <remarks>
/// Seen to fail with: the bound of d left out; the divergence's share left out of the gradient of dm, and of log s; u^T eps
/// over the whole vectors alone; the noise of layer 0 for each; the temperature left out.
/// </remarks>
public sealed class ChainStepTests
{
    private const double Rounding = 3e-5;
    private const int Batch = 70;

    /// <summary>Latents of each layer, whether prior and bijector depend on the codes, and the posterior's form.</summary>
    public static TheoryData<int[], bool, bool, PosteriorResidual> Hierarchies => new()
    {
        { [10, 10, 10], true, true, PosteriorResidual.Scaled },
        { [1, 3, 2], true, true, PosteriorResidual.Scaled },
        { [8, 16], true, true, PosteriorResidual.Scaled },
        { [17, 5], true, true, PosteriorResidual.Scaled },
        { [10, 10, 10], true, false, PosteriorResidual.Scaled },
        { [10, 10, 10], false, false, PosteriorResidual.Scaled },

        // These have no form in one pass, and must not be taken for one that has.
        { [10, 10], false, true, PosteriorResidual.Scaled },
        { [10, 10], true, true, PosteriorResidual.Additive },
    };

    [Theory]
    [MemberData(nameof(Hierarchies))]
    public void A_draw_in_one_pass_equals_the_plain_formulas(
        int[] latents, bool prior, bool bijector, PosteriorResidual residual)
    {
        using var scope = torch.NewDisposeScope();
        var hierarchy = Create(latents, prior, bijector, residual);
        var features = Normal(1, latents.Length, Batch, hierarchy.FeatureSize).requires_grad_();
        var noise = Normal(2, Batch, hierarchy.TotalLatents);
        var weights = Normal(3, Batch, hierarchy.TotalLatents + latents.Length);
        torch.Tensor Scalar(bool fused)
        {
            using var plain = fused ? null : FusedKernels.UsePlainFormulas();
            return (Joined(hierarchy.Draw(hierarchy.Interpret(EvidenceFeatures.OfStack(features)), noise)) * weights)
                .sum().Over(Batch);
        }

        TensorAssert.SameGradients(
            () => Scalar(false), () => Scalar(true), [features, .. hierarchy.parameters()], Rounding);
    }

    [Theory]
    [MemberData(nameof(Hierarchies))]
    public void The_gradient_of_the_noise_is_that_of_the_plain_formulas(
        int[] latents, bool prior, bool bijector, PosteriorResidual residual)
    {
        using var scope = torch.NewDisposeScope();
        var hierarchy = Create(latents, prior, bijector, residual);
        var features = Normal(1, latents.Length, Batch, hierarchy.FeatureSize);
        var noise = Normal(2, Batch, hierarchy.TotalLatents).requires_grad_();
        torch.Tensor Scalar(bool plain)
        {
            using var formulas = plain ? FusedKernels.UsePlainFormulas() : null;
            return Joined(hierarchy.Draw(hierarchy.Interpret(EvidenceFeatures.OfStack(features)), noise)).sum();
        }

        TensorAssert.SameGradients(() => Scalar(true), () => Scalar(false), [noise], Rounding);
    }

    [Theory]
    [MemberData(nameof(Hierarchies))]
    public void Samples_without_a_graph_equal_the_plain_formulas(
        int[] latents, bool prior, bool bijector, PosteriorResidual residual)
    {
        const int Samples = 3;
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var hierarchy = Create(latents, prior, bijector, residual);
        var evidence = hierarchy.Interpret(
            EvidenceFeatures.OfStack(Normal(1, latents.Length, Batch, hierarchy.FeatureSize)));
        var noise = Normal(2, Samples, Batch, hierarchy.TotalLatents);
        PosteriorDraw draw;
        WeightedDraw weighted;
        using (FusedKernels.UsePlainFormulas())
        {
            draw = hierarchy.Draw(evidence, noise);
            weighted = hierarchy.DrawWeighted(evidence, noise);
        }

        TensorAssert.Close(Joined(weighted), Joined(hierarchy.DrawWeighted(evidence, noise)), Rounding, "weighted");

        // The divergence of the first layer is that of the evidence, whatever the samples.
        var fused = hierarchy.Draw(evidence, noise);
        TensorAssert.Close(torch.cat([.. draw.Codes], -1), torch.cat([.. fused.Codes], -1), Rounding, "codes");
        foreach (var (expected, actual) in draw.Kl.Zip(fused.Kl))
        {
            TensorAssert.Close(expected.expand(Samples, Batch), actual.expand(Samples, Batch), Rounding, "divergence");
        }
    }

    [Theory]
    [MemberData(nameof(Hierarchies))]
    public void A_draw_from_the_prior_in_one_pass_equals_the_plain_formulas(
        int[] latents, bool prior, bool bijector, PosteriorResidual residual)
    {
        const double Temperature = 0.7;
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var hierarchy = Create(latents, prior, bijector, residual);
        var noise = Normal(5, Batch, hierarchy.TotalLatents);
        var plain = hierarchy.Generate(noise, Temperature).Select(step => step.Code);
        TensorAssert.Close(
            torch.cat([.. plain], -1), torch.cat([.. hierarchy.GenerateCodes(noise, Temperature)], -1), Rounding, "codes");
    }

    private static SelfReflectiveHierarchy Create(int[] latents, bool prior, bool bijector, PosteriorResidual residual)
    {
        var hierarchy = new SelfReflectiveHierarchy(
            new SelfReflectiveParts(latents, CouplingGraph.Chain(latents.Length))
            {
                Coupling = new() { Prior = prior, Bijector = bijector },
                Prior = new() { Network = new PerceptronDesign([7]) },
                Bijector = new RankOneAffine { Network = new PerceptronDesign([9]) },
                Posterior = new() { Residual = residual },
            },
            new ParameterInitializer(4));
        using var noGrad = torch.no_grad();
        foreach (var (parameter, index) in hierarchy.parameters().Select((parameter, index) => (parameter, index)))
        {
            parameter.PlusInPlace(Normal(100 + index, parameter.shape).Times(0.15));
        }

        return hierarchy;
    }

    private static torch.Tensor Normal(int seed, params long[] shape)
    {
        using var generator = new torch.Generator((ulong)seed);
        return torch.randn(shape, generator: generator);
    }

    private static torch.Tensor Joined(PosteriorDraw draw) => Joined(draw.Codes, draw.Kl);

    private static torch.Tensor Joined(WeightedDraw draw) => Joined(draw.Codes, draw.LogRatios);

    private static torch.Tensor Joined(IReadOnlyList<torch.Tensor> codes, IReadOnlyList<torch.Tensor> terms) => torch.cat(
        [.. codes, .. terms.Select(term => term.expand([.. codes[0].shape[..^1]]).unsqueeze(-1))], -1);
}
