using Sere.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Training;

public sealed class AveragedParametersTests
{
    [Fact]
    public void The_decay_is_small_at_first_and_then_the_one_that_was_asked_for()
    {
        const double Decay = 0.5;
        using var values = torch.tensor(new double[] { 1, -4 });
        using var average = new AveragedParameters(values, Decay);
        Assert.Equal([1, -4], average.Values.data<double>().ToArray());
        double[] expected = [1, -4];
        for (int t = 0; t < 20; t++)
        {
            double[] next = [Math.Cos(t), 3 * t];

            // (1 + t) / (10 + t) exceeds one half from t = 8 on.
            double decay = t < 8 ? (1.0 + t) / (10.0 + t) : Decay;
            expected = [.. expected.Zip(next, (mean, value) => (decay * mean) + ((1 - decay) * value))];
            using var parameters = torch.tensor(next);
            average.Update(parameters, t);
            Assert.All(
                expected.Zip(average.Values.data<double>().ToArray()),
                pair => Assert.Equal(pair.First, pair.Second, 1e-13 * Math.Max(1, Math.Abs(pair.First))));
        }
    }

    [Fact]
    public void The_average_is_a_copy_of_the_parameters()
    {
        using var values = torch.tensor(new double[] { 1, 2 });
        using var average = new AveragedParameters(values, 0.9);
        values.zero_();
        Assert.Equal([1, 2], average.Values.data<double>().ToArray());
    }
}
