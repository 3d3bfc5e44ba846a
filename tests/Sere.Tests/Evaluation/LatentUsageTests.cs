using Sere.Data;
using Sere.Evaluation;
using Sere.Hierarchies;
using Sere.Models;
using Sere.Numerics;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Evaluation;

public sealed class LatentUsageTests
{
    private const double NoShrinkage = HandSetEvidence.NoShrinkage;

    [Fact]
    public void A_model_whose_posterior_is_its_prior_uses_nothing()
    {
        using var model = HandSetEvidence.Model([0, 0, 0], [NoShrinkage, NoShrinkage, NoShrinkage]);
        var usage = Measure(model, 100);
        Assert.Equal(0, usage.ActiveUnits);
        Assert.Equal(3, usage.Activity.Count);
        Assert.All(usage.KlPerLayer, kl => Assert.Equal(0, kl, 1e-6));
        Assert.All(usage.KlPerUnit, kl => Assert.Equal(0, kl, 1e-6));
    }

    // Shown to fail: with mu_q / s_p for (mu_q - mu_p) / s_p the second unit counts too.
    // The codes below it move too, with z_1 and so with x: their prior's mean does, but x adds nothing there.
    [Fact]
    public void A_unit_that_moves_with_x_is_active_and_one_that_moves_with_the_codes_above_is_not()
    {
        const int Images = 400;
        using var model = HandSetEvidence.Model([1.5, 0, 0], [NoShrinkage, NoShrinkage, NoShrinkage]);
        var usage = Measure(model, Images);
        Assert.Equal(1, usage.ActiveUnits);

        // p(eps_1) is standard normal, so the activity is the variance of dm_1 = 1.5 x_1 itself, and the KL dm^2 / 2.
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var x = Data(Images);
        var shift = x.select(1, 0).to(torch.ScalarType.Float64).Times(1.5);
        Assert.Equal(shift.var().item<double>(), usage.Activity[0], 1e-5);
        Assert.Equal(shift.Square().Over(2).mean().item<double>(), usage.KlPerUnit[0], 1e-5);
        Assert.Equal(usage.KlPerUnit[0], usage.KlPerLayer[0], 1e-5);
        Assert.All(usage.Activity.Skip(1), activity => Assert.Equal(0, activity, 1e-6));
        Assert.All(usage.KlPerUnit.Skip(1), kl => Assert.Equal(0, kl, 1e-6));

        // Were the variance of the posterior's mean the measure, the second unit would count.
        var steps = model.Hierarchy.Infer(model.Encode(x).Evidence, torch.zeros(Images, 3));
        Assert.True(((NormalLatentStep)steps[1]).Posterior!.Mean.var().item<float>() > LatentUsage.ActivityThreshold);
    }

    // With ds below 1 the second unit's shift (ds - 1) mu(z_1) / s(z_1) moves with the draw of z_1, but not with x. Its
    // variance over draws is 0.03; the covariance of two draws is 0 within 4 * 0.03 / sqrt(4000) = 0.002.
    // Shown to fail: with the variance of one draw for the covariance of two.
    [Fact]
    public void A_unit_that_moves_with_the_noise_alone_is_not_active()
    {
        const int Images = 4_000;
        using var model = HandSetEvidence.Model([0, 0, 0], [NoShrinkage, -4, NoShrinkage]);
        var usage = Measure(model, Images);
        Assert.Equal(0, usage.ActiveUnits);
        Assert.True(usage.KlPerUnit[1] > 0.05);

        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var summary = model.Summarize(model.Encode(Data(Images)), MonteCarlo.Noise(91, Images, 3).to(torch.ScalarType.Float32));
        Assert.True(summary.StandardizedShift.select(1, 1).var().item<float>() > 2 * LatentUsage.ActivityThreshold);
    }

    [Fact]
    public void The_divergence_of_a_layer_is_the_sum_of_those_of_its_units()
    {
        using var model = HandSetEvidence.Model([1, 0.5, -1], [0, 0, 0]);
        var usage = Measure(model, 300);
        Assert.All(usage.KlPerLayer.Zip(usage.KlPerUnit), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
        Assert.All(usage.KlPerLayer, kl => Assert.True(kl > 0.01));
    }

    // There are 500 images to a batch. Shown to fail: with the first images in every batch.
    [Fact]
    public void It_is_the_mean_over_all_batches()
    {
        using var model = HandSetEvidence.Model([1.5, 0, 0], [NoShrinkage, NoShrinkage, NoShrinkage]);
        var usage = Measure(model, 1_100);
        var shift = Data(1_100).select(1, 0).to(torch.ScalarType.Float64).Times(1.5);
        Assert.Equal(shift.Square().Over(2).mean().item<double>(), usage.KlPerLayer[0], 1e-5);
        Assert.Equal(shift.var().item<double>(), usage.Activity[0], 1e-5);
    }

    private static LatentUsage Measure(DensityModel model, int images) =>
        LatentUsage.Measure(model, TinyImages.Create(images), BinarizationRule.Threshold, seed: 9);

    private static torch.Tensor Data(int images)
    {
        using var scope = torch.NewDisposeScope();
        return TinyImages.Create(images).ToTensor().IsAtLeast(128).to(torch.ScalarType.Float32)
            .MoveToOuterDisposeScope();
    }
}
