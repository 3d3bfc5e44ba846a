using Sere.Kernels;
using Sere.Models;
using Sere.Numerics;
using Sere.Tests.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>The importance-weighted objective of every tiny model: value, gradient, and what K does to it.</summary>
public sealed class ImportanceWeightedLawTests : IDisposable
{
    private const int Samples = 3;
    private const int Slopes = 5;
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public static TheoryData<string> Models => TinyModels.Names;

    public static TheoryData<string> SmoothModels => TinyModels.SmoothNames;

    public static TheoryData<string> RoughModels => TinyModels.RoughNames;

    public void Dispose() => _scope.Dispose();

    // At so wide a step, and so near, the quadrature is off by less than 1e-5 in every model.
    // Shown to fail: with the first layer left out of the log ratio the value is off by 0.02 to 0.14, with a log ratio of
    // half its size by 0.05 to 0.2, each in every model.
    [Theory]
    [MemberData(nameof(SmoothModels))]
    public void With_one_sample_the_value_and_five_slopes_integrate_to_those_of_the_ELBO(string name)
    {
        using var model = TinyModels.Create(name);
        double[] weighted = new double[1 + Slopes];
        double[] elbo = new double[1 + Slopes];
        new Trapezoid(1, [.. Enumerable.Repeat(5.5, model.NoiseSize)]).ForEachSliceOfNoise((noise, shares) =>
        {
            var x = TinyModels.AllImages().repeat(noise.shape[0], 1);
            var (one, other) = OneSampleAndElbo(
                model,
                x,
                noise.repeat_interleave(TinyModels.Images, 0),
                bound => (bound * shares.repeat_interleave(TinyModels.Images)).sum().Over(TinyModels.Images));
            weighted = [.. weighted.Zip(one, (sum, term) => sum + term)];
            elbo = [.. elbo.Zip(other, (sum, term) => sum + term)];
        });
        Assert.All(elbo, value => Assert.True(Math.Abs(value) > 1e-3, $"{value} is too near 0 to tell anything."));
        Assert.All(elbo.Zip(weighted), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }

    // Value and five directions of three models, errors of 40 groups: by chance one such set in 200 would have one beyond
    // four standard errors.
    [Theory]
    [MemberData(nameof(RoughModels))]
    public void With_one_sample_the_value_and_five_slopes_are_those_of_the_ELBO(string name)
    {
        const int Groups = 40;
        const int Draws = 30;
        using var model = TinyModels.Create(name);
        var x = TinyModels.AllImages().repeat(Draws, 1);
        var differences = new List<torch.Tensor>();
        for (int group = 0; group < Groups; group++)
        {
            var noise = MonteCarlo.Noise(1000 + group, x.shape[0], model.NoiseSize);
            var (weighted, elbo) = OneSampleAndElbo(model, x, noise, bound => bound.mean());
            Assert.All(elbo, value => Assert.True(Math.Abs(value) > 1e-4));
            differences.Add(torch.tensor([.. weighted.Zip(elbo, (first, second) => first - second)]));
        }

        var (mean, error) = MonteCarlo.Summarize(torch.stack(differences));
        for (int i = 0; i < mean.Length; i++)
        {
            Assert.True(error[i] < 0.05, $"{i}: a standard error of {error[i]} tells too little.");
            Assert.Equal(0, mean[i], MonteCarlo.Tolerance * error[i]);
        }
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void The_bound_is_that_of_the_importance_weights_and_rises_with_their_number(string name)
    {
        using var model = TinyModels.Create(name);
        using var noGrad = torch.no_grad();
        var batch = model.Encode(TinyModels.AllImages().repeat(200, 1));
        var noise = MonteCarlo.Noise(7, 20, batch.Size, model.NoiseSize);
        var logWeights = model.LogImportanceWeights(batch, noise);
        var terms = model.ImportanceWeighted(batch, noise);
        TensorAssert.Close(logWeights.logsumexp(0).Minus(Math.Log(20)), terms.Bound, 1e-12, "bound");
        TensorAssert.Close(logWeights.mean([0]), terms.Elbo, 1e-12, "ELBO");
        TensorAssert.Close(
            terms.Elbo, terms.LogLikelihood.mean([0]) - terms.KlPerLayer.sum([0]), 1e-12, "ELBO from its terms");
        var one = model.ImportanceWeighted(batch, noise.narrow(0, 0, 1)).Bound;
        var five = model.ImportanceWeighted(batch, noise.narrow(0, 0, 5)).Bound;
        foreach (var rise in new[] { five - one, terms.Bound - five })
        {
            var (mean, error) = MonteCarlo.Summarize(rise.view(-1, 1));
            Assert.True(mean[0] > MonteCarlo.Tolerance * error[0], $"{name}: {mean[0]} +- {error[0]}");
        }
    }

    // Shown to fail: with beta on log p(x | z) as well it is off by 1.
    [Theory]
    [InlineData(1)]
    [InlineData(0.3)]
    [InlineData(0)]
    public void Beta_weighs_prior_and_posterior_in_every_weight(double beta)
    {
        using var model = TinyModels.SelfReflective();
        using var noGrad = torch.no_grad();
        var batch = model.Encode(TinyModels.AllImages());
        var noise = MonteCarlo.Noise(8, Samples, batch.Size, model.NoiseSize);
        var steps = model.Hierarchy.Infer(batch.Evidence, noise);
        double[] logLikelihood =
            [.. model.Likelihood.LogProb([.. steps.Select(step => step.Code)], batch.Data).data<double>()];
        double[][] logRatios =
            [.. steps.Select(step => (step.LogPrior - step.LogPosterior).data<double>().ToArray())];
        double[] actual = [.. model.ImportanceWeighted(batch, noise).Annealed(torch.tensor([beta])).data<double>()];
        for (int image = 0; image < actual.Length; image++)
        {
            double sum = 0;
            for (int sample = 0; sample < Samples; sample++)
            {
                int at = (sample * actual.Length) + image;
                sum += Math.Exp(logLikelihood[at] + (beta * logRatios.Sum(layer => layer[at])));
            }

            Assert.Equal(Math.Log(sum / Samples), actual[image], 1e-12);
        }
    }

    // Shown to fail: with the gradient of the mean of log w in place of the bound's it is off by 0.02 to 0.09.
    [Theory]
    [MemberData(nameof(Models))]
    public void With_several_samples_the_gradient_is_that_of_differences(string name)
    {
        using var model = TinyModels.Create(name);
        torch.Tensor[] leaves = [.. model.parameters()];
        var x = TinyModels.AllImages()[torch.tensor([1L, 6L, 11L])];
        var noise = MonteCarlo.Noise(9, Samples, x.shape[0], model.NoiseSize);
        torch.Tensor Objective() => model.ImportanceWeighted(model.Encode(x), noise).Annealed(torch.tensor([0.4])).mean();
        var actual = Derivatives.CheckedGradients(Objective, leaves, 1e-7);
        Assert.True(actual.Count(gradient => gradient.abs().max().item<double>() > 1e-4) > leaves.Length / 2);
    }

    [Fact]
    public void The_fused_kernels_give_the_value_and_gradient_of_the_plain_formulas()
    {
        using var model = TinyExperiment.Model();
        torch.Tensor[] leaves = [.. model.parameters()];
        using var generator = new torch.Generator(3, torch.CPU);
        var x = torch.rand([6, model.Dimensions], generator: generator).round();
        var noise = torch.randn([Samples, 6, model.NoiseSize], generator: generator);
        torch.Tensor Fused() => model.ImportanceWeighted(model.Encode(x), noise).Bound.sum();
        torch.Tensor Plain()
        {
            using var plain = FusedKernels.UsePlainFormulas();
            return Fused();
        }

        TensorAssert.Close(Plain().detach(), Fused().detach(), 1e-5, "value");
        var expected = Derivatives.Gradients(Plain, leaves);
        var actual = Derivatives.Gradients(Fused, leaves);
        for (int i = 0; i < leaves.Length; i++)
        {
            TensorAssert.Close(expected[i], actual[i], 1e-4, $"gradient {i}");
        }
    }

    /// <summary>Value and slopes, along random directions, of the objective of one sample and of the ELBO.</summary>
    private static (double[] Weighted, double[] Elbo) OneSampleAndElbo(
        DensityModel model, torch.Tensor x, torch.Tensor noise, Func<torch.Tensor, torch.Tensor> mean)
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor[] leaves = [.. model.parameters()];
        var directions = MonteCarlo.Noise(11, Slopes, leaves.Sum(leaf => leaf.numel()));
        return (
            ValueAndSlopes(
                () => mean(model.ImportanceWeighted(model.Encode(x), noise.unsqueeze(0)).Bound), leaves, directions),
            ValueAndSlopes(() => mean(model.Elbo(model.Encode(x), noise).Elbo), leaves, directions));
    }

    private static double[] ValueAndSlopes(
        Func<torch.Tensor> objective, torch.Tensor[] leaves, torch.Tensor directions)
    {
        using var scope = torch.NewDisposeScope();
        double value = 0;
        var gradients = Derivatives.Gradients(
            () =>
            {
                var result = objective();
                value = result.item<double>();
                return result;
            },
            leaves);
        var gradient = torch.cat([.. gradients.Select(one => one.flatten())]);
        return [value, .. directions.mv(gradient).data<double>()];
    }
}
