using Sere.Numerics;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Numerics;

public sealed class LogisticNoiseTests
{
    // Phi(1) = 0.8413447460685429 and Phi(-6) = 9.865876450376946e-10.
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1.6682678659858134)]
    [InlineData(-6, -20.73676891)]
    [InlineData(6, 20.73676891)]
    public void Noise_keeps_its_rank_in_both_tails(double normal, double logistic) =>
        Assert.Equal(logistic, LogisticNoise.OfNormal(Float64.Vector(normal)).item<double>(), 1e-6);

    [Fact]
    public void The_way_back_is_the_inverse()
    {
        var noise = torch.linspace(-5, 5, 41, torch.ScalarType.Float64);
        TensorAssert.Close(noise, LogisticNoise.ToNormal(LogisticNoise.OfNormal(noise)), 1e-9, "noise");
    }

    [Fact]
    public void Single_precision_has_no_infinity()
    {
        var noise = torch.linspace(-9, 9, 37);
        var logistic = LogisticNoise.OfNormal(noise);
        Assert.True(logistic.isfinite().all().item<bool>());
        Assert.True(LogisticNoise.ToNormal(logistic).isfinite().all().item<bool>());
    }
}
