using Sere.Networks;
using Sere.Numerics;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>Weight normalization and its data-dependent start (Salimans and Kingma 2016).</summary>
/// <remarks>
/// Seen to fail with: g v / |v|^2; branches that each start with the variance of one; a start that leaves out the module that
/// it is asked for.
/// </remarks>
public sealed class WeightNormalizationLawTests
{
    private const int Stack = 3;
    private const int Outputs = 4;

    [Fact]
    public void The_norm_of_the_weights_of_an_output_is_its_g()
    {
        using var scope = torch.NewDisposeScope();
        var layer = Layer(gain: 1);
        Parameters.Randomize(layer, 310);
        var norms = layer.Weight().view(Stack * Outputs, -1).norm(1);
        TensorAssert.Close(layer.Scale!.abs(), norms, 1e-12, "norms");
    }

    [Fact]
    public void Kept_weights_give_the_same_bits_without_gradients_until_training_goes_on()
    {
        using var scope = torch.NewDisposeScope();
        var layer = Layer(gain: 1);
        Parameters.Randomize(layer, 314);
        var x = Float64.Normal(315, 2, Stack * 2, 5, 6);
        var expected = layer.Forward(x).detach();
        layer.KeepWeights();
        using (torch.no_grad())
        {
            Assert.True(layer.Forward(x).equal(expected).all().item<bool>());
            layer.Scale!.TimesInPlace(2);
            Assert.True(layer.Forward(x).equal(expected).all().item<bool>());
        }

        Assert.False(layer.Forward(x).equal(expected).all().item<bool>());
        layer.train();
        layer.eval();
        using var noGrad = torch.no_grad();
        Assert.False(layer.Forward(x).equal(expected).all().item<bool>());
        TensorAssert.Close(layer.Scale!.abs(), layer.Weight().view(Stack * Outputs, -1).norm(1), 1e-12, "norms");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0.1)]
    public void After_the_start_outputs_on_the_batch_have_mean_0_and_the_given_deviation(double gain)
    {
        using var scope = torch.NewDisposeScope();
        var layer = Layer(gain);
        var x = Float64.Normal(311, 20, Stack * 2, 5, 6).Times(3).Plus(7);
        DataDependentStart.Run(layer, () => layer.Forward(x));
        CheckStandard(layer.Forward(x), gain);
    }

    [Fact]
    public void Each_layer_of_a_network_starts_from_what_the_layers_before_give_it()
    {
        using var scope = torch.NewDisposeScope();
        var network = new StackedResidualNetwork(
            Stack,
            new(1, 6, 6),
            FeatureShape.Vector(5),
            new() { Widths = [4, 3], Blocks = 2 },
            new ParameterInitializer(312, torch.ScalarType.Float64),
            outputGain: 0.1);
        var x = Float64.Normal(313, 30, 36).Times(4).Minus(2);
        DataDependentStart.Run(network, () => network.Forward(x));
        var output = network.Forward(x).transpose(0, 1).reshape(30, -1, 1, 1);
        CheckStandard(output, 0.1);
    }

    [Fact]
    public void The_branches_of_a_network_together_start_with_the_variance_of_one()
    {
        using var scope = torch.NewDisposeScope();
        const int Channels = 6;
        const int Depth = 8;
        var settings = new ResidualDesign { Widths = [Channels], Blocks = Depth };
        var block = new ResidualBlock(1, Channels, 3, settings, new ParameterInitializer(314, torch.ScalarType.Float64));
        var x = Float64.Normal(315, 50, Channels, 4, 4);
        DataDependentStart.Run(block, () => block.Forward(x, 0, 1));
        CheckStandard(block.Forward(x, 0, 1) - x, 1 / Math.Sqrt(Depth));
    }

    [Fact]
    public void An_output_that_is_constant_on_the_batch_keeps_its_scale()
    {
        using var scope = torch.NewDisposeScope();
        var layer = Layer(gain: 1);
        var before = layer.Scale!.clone();
        var x = torch.zeros([8, Stack * 2, 5, 6], torch.ScalarType.Float64);
        DataDependentStart.Run(layer, () => layer.Forward(x));
        TensorAssert.Close(before, layer.Scale!, 0, "g");
    }

    private static StackedConvolution Layer(double gain) => new(
        Stack, 2, Outputs, 3, 2, isWeightNormalized: true, gain, new ParameterInitializer(316, torch.ScalarType.Float64));

    private static void CheckStandard(torch.Tensor y, double deviation)
    {
        var columns = y.transpose(0, 1).reshape(y.shape[1], -1);
        TensorAssert.Close(torch.zeros_like(columns.mean([1])), columns.mean([1]), 1e-10, "mean");
        TensorAssert.Close(
            TensorArithmetic.Full([columns.shape[0]], deviation, columns.dtype),
            columns.std([1], unbiased: false),
            1e-10,
            "deviation");
    }
}
