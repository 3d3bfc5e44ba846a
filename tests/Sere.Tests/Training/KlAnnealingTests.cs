using Sere.Training;
using Xunit;

namespace Sere.Tests.Training;

public sealed class KlAnnealingTests
{
    [Theory]
    [InlineData(0, 0.2)]
    [InlineData(10, 0.36)]
    [InlineData(25, 0.6)]
    [InlineData(49, 0.984)]
    [InlineData(50, 1)]
    [InlineData(99, 1)]
    public void Beta_rises_linearly_from_its_start_and_stays_at_one(int step, double beta)
    {
        var annealing = new KlAnnealing { Start = 0.2, Fraction = 0.5 };
        Assert.Equal(beta, annealing.Beta(step, 100), 1e-15);
        Assert.Equal(beta, annealing.Beta(7L * step, 700), 1e-15);
    }

    [Fact]
    public void Without_annealing_beta_is_one_from_the_first_step() =>
        Assert.Equal(1, new KlAnnealing { Start = 0 }.Beta(0, 100));
}
