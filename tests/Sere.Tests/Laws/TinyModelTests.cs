using Sere.Numerics;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>
/// Models so small that log p(x) is known by quadrature, against everything that is said of it: its normalization, the
/// bound and what it lacks, the K-sample bound, and samples. Quadrature goes through the density in eps
/// (<c>LatentSource.Given</c>), the bounds through reparameterized draws: two ways to the same number.
/// </summary>
/// <remarks>Seen to fail, among others, with: no log-determinant in the density of a flow as the posterior.</remarks>
public sealed class TinyModelTests
{
    private static readonly long[] SomeImages = [0, 5, 14];

    public static TheoryData<string> Models => TinyModels.Names;

    public static TheoryData<string> ContinuousModels => TinyModels.ContinuousNames;

    public static TheoryData<string> OtherModels => TinyModels.OtherNames;

    // Shown to fail: without the mask of the padding the sum is 0.12; without the log-scale in the normal log-density 1.03.
    [Theory]
    [MemberData(nameof(Models))]
    public void The_masses_of_all_images_sum_to_one(string name)
    {
        var integrals = TinyIntegrals.Of(name);
        Assert.Equal(1, integrals.Likelihood.Sum(), 1e-9);

        // The model is not near the uniform one, where much could be wrong unseen.
        Assert.True(integrals.Likelihood.Max() > 2 * integrals.Likelihood.Min());
    }

    // Shown to fail: with + (1 - ds) mu in eq. 10, or with a mean of mu + dm in eq. 9 beside eq. 10 as it stands, the sum
    // is off by 0.01; with eq. 10 where the posterior has a base of its own, by 0.1.
    [Theory]
    [MemberData(nameof(Models))]
    public void The_bound_and_its_gap_from_the_exact_posterior_make_up_the_log_likelihood(string name)
    {
        var integrals = TinyIntegrals.Of(name);
        for (int image = 0; image < TinyModels.Images; image++)
        {
            double logLikelihood = Math.Log(integrals.Likelihood[image]);
            Assert.Equal(1, integrals.PosteriorMass[image], 1e-8);
            Assert.Equal(logLikelihood, integrals.Elbo[image] + integrals.Gap[image], 1e-7);
            Assert.True(integrals.Gap[image] > 0.01, "The posterior is too good for this test to tell anything.");
        }
    }

    // Shown to fail: with draws whose scale is s^0.9 it is off by 0.007, with nine tenths of the divergence by 0.006.
    [Theory]
    [MemberData(nameof(ContinuousModels))]
    public void The_bound_of_draws_integrates_over_their_noise_to_the_bound_by_density(string name)
    {
        using var model = TinyModels.Create(name);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var x = Images();
        var elbo = torch.zeros(SomeImages.Length, torch.ScalarType.Float64);
        new Trapezoid(0.4, 6.8, 6.8, 6.8).ForEachSliceOfNoise((noise, shares) =>
        {
            long points = noise.shape[0];
            var batch = model.Encode(x.repeat(points, 1));
            var terms = model.Elbo(batch, noise.repeat_interleave(SomeImages.Length, 0)).Elbo.view(points, -1);
            elbo.PlusInPlace((terms * shares.unsqueeze(1)).sum([0]));
        });
        AssertEqual(Select(TinyIntegrals.Of(name).Elbo), elbo, 1e-7);
    }

    // Shown to fail: with the first layer left out of the weights the integral is off by 0.009, with a likelihood that is
    // given z_l + z_1 by 1e-5.
    [Theory]
    [MemberData(nameof(ContinuousModels))]
    public void Importance_weights_integrate_over_their_noise_to_the_likelihood(string name)
    {
        using var model = TinyModels.Create(name);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var batch = model.Encode(Images());
        var likelihood = torch.zeros(SomeImages.Length, torch.ScalarType.Float64);

        // Wider than for the bound: the prior is wider than the posterior whose deviation is the unit here.
        new Trapezoid(0.46, 11, 11, 11).ForEachSliceOfNoise((noise, shares) =>
        {
            var logWeights = model.LogImportanceWeights(batch, noise.unsqueeze(1).expand(-1, SomeImages.Length, -1));
            likelihood.PlusInPlace((logWeights.exp() * shares.unsqueeze(1)).sum([0]));
        });
        AssertEqual(Select(TinyIntegrals.Of(name).Likelihood), likelihood, 1e-7);
    }

    // Of the models whose bound is not integrated above. Three images of five models: by chance one such set of means in
    // 1,000 would have one beyond four standard errors.
    // Shown to fail: with nine tenths of the divergence.
    [Theory]
    [MemberData(nameof(OtherModels))]
    public void The_mean_bound_of_random_draws_is_the_bound(string name)
    {
        const int Draws = 20_000;
        using var model = TinyModels.Create(name);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var batch = model.Encode(Images().repeat(Draws, 1));
        var elbo = model.Elbo(batch, MonteCarlo.Noise(31, batch.Size, model.NoiseSize)).Elbo;
        var (mean, error) = MonteCarlo.Summarize(elbo.view(Draws, -1));
        double[] expected = Select(TinyIntegrals.Of(name).Elbo);
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], mean[i], MonteCarlo.Tolerance * error[i]);
        }
    }

    // Each rise is significant at four standard errors of the paired differences, and no mean exceeds log p(x) by as many:
    // by chance one such set of 18 models in 450 would have one that does.
    // Shown to fail: with the first layer left out of the weights, bounds exceed log p(x) in every model.
    [Theory]
    [MemberData(nameof(Models))]
    public void The_bound_of_several_samples_rises_with_their_number_toward_the_log_likelihood(string name)
    {
        const int Repeats = 500;
        using var model = TinyModels.Create(name);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var batch = model.Encode(Images().repeat(Repeats, 1));
        var logWeights = model.LogImportanceWeights(batch, MonteCarlo.Noise(32, 50, batch.Size, model.NoiseSize));
        double[] exact = [.. Select(TinyIntegrals.Of(name).Likelihood).Select(value => Math.Log(value))];

        // The mean bound of all groups of so many samples, which varies less than that of one group.
        var bounds = new[] { 1, 5, 50 }.Select(samples =>
            Bound(logWeights.view(-1, samples, batch.Size).transpose(0, 1), samples).mean([0]).view(Repeats, -1)).ToArray();
        foreach (var bound in bounds)
        {
            var (mean, error) = MonteCarlo.Summarize(bound);
            Assert.All(exact, (value, i) => Assert.True(mean[i] < value + (MonteCarlo.Tolerance * error[i])));
        }

        foreach (var (fewer, more) in bounds.Zip(bounds.Skip(1)))
        {
            var (rise, error) = MonteCarlo.Summarize(more - fewer);
            Assert.All(rise, (value, i) => Assert.True(value > MonteCarlo.Tolerance * error[i]));
        }
    }

    // Of the models whose weights are not integrated above. By chance one such set of five models in 1,000 would have a
    // bound beyond four standard errors (delta method).
    // Shown to fail: with the first layer left out of the weights the bound is off by 0.08.
    [Theory]
    [MemberData(nameof(OtherModels))]
    public void The_bound_of_many_samples_is_the_log_likelihood(string name)
    {
        using var model = TinyModels.Create(name);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var batch = model.Encode(Images());

        // With four latents the weights vary more.
        int samples = model.NoiseSize > 3 ? 100_000 : 20_000;
        var logWeights = model.LogImportanceWeights(batch, MonteCarlo.Noise(33, samples, batch.Size, model.NoiseSize));
        double[] bound = [.. Bound(logWeights, samples).data<double>()];
        double[] likelihood = Select(TinyIntegrals.Of(name).Likelihood);
        var (mean, error) = MonteCarlo.Summarize(logWeights.exp());
        for (int i = 0; i < likelihood.Length; i++)
        {
            double relative = error[i] / mean[i];
            Assert.Equal(Math.Log(likelihood[i]), bound[i], MonteCarlo.Tolerance * relative);
            Assert.True(relative < 0.02, "The weights vary too much for this test to tell anything.");
        }
    }

    // 16 frequencies of 18 models: by chance one such set in 125 would have one beyond four standard errors.
    // Shown to fail: with previous blocks at half their value in the walk, 0.19 for 0.115.
    [Theory]
    [MemberData(nameof(Models))]
    public void Samples_come_with_the_frequencies_of_the_likelihood(string name)
    {
        const int Draws = 20_000;
        using var model = TinyModels.Create(name);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        using var generator = new torch.Generator(34, torch.CPU);
        var uniform = torch.rand([Draws, 4], torch.ScalarType.Float64, generator: generator);
        var values = model.Sample(MonteCarlo.Noise(35, Draws, model.NoiseSize), uniform).Values;
        var index = (values * torch.tensor([1.0, 2.0, 4.0, 8.0])).sum([1]).to(torch.ScalarType.Int64);
        long[] counts = [.. torch.bincount(index, minlength: TinyModels.Images).data<long>()];
        double[] expected = TinyIntegrals.Of(name).Likelihood;
        for (int image = 0; image < TinyModels.Images; image++)
        {
            double error = Math.Sqrt(expected[image] * (1 - expected[image]) / Draws);
            Assert.Equal(expected[image], counts[image] / (double)Draws, MonteCarlo.Tolerance * error);
        }
    }

    private static torch.Tensor Images() => TinyModels.AllImages()[torch.tensor(SomeImages)];

    private static double[] Select(double[] values) => [.. SomeImages.Select(image => values[image])];

    private static torch.Tensor Bound(torch.Tensor logWeights, int samples) =>
        logWeights.narrow(0, 0, samples).logsumexp(0).Minus(Math.Log(samples));

    private static void AssertEqual(double[] expected, torch.Tensor actual, double tolerance)
    {
        double[] values = [.. actual.data<double>()];
        for (int i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], values[i], tolerance);
        }
    }
}
