using Sere.Kernels;
using Sere.Networks;
using Sere.Numerics;
using Sere.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Training;

public sealed class FlatParametersTests
{
    [Fact]
    public void Backward_accumulates_into_the_flat_gradients()
    {
        using var network = new Mlp(3, [5], 2, Activation.Tanh, new ParameterInitializer(1, torch.ScalarType.Float64));
        var x = torch.randn([4, 3], torch.ScalarType.Float64, generator: new torch.Generator(7, torch.CPU));
        network.Forward(x).Square().sum().backward();
        var expected = network.named_parameters().ToDictionary(p => p.name, p => p.parameter.grad!.clone());

        using var flat = new FlatParameters(network);
        network.Forward(x).Square().sum().backward();
        network.Forward(x).Square().sum().backward();

        foreach (var (name, gradient) in flat.Unflatten(flat.Gradients))
        {
            Assert.True(torch.allclose(gradient, expected[name].Times(2), 1e-12, 1e-12), name);
        }
    }

    [Fact]
    public void Writing_the_flat_values_changes_the_model()
    {
        using var network = new Mlp(3, [5], 2, Activation.Tanh, new ParameterInitializer(1));
        using var flat = new FlatParameters(network);
        Assert.Equal((3 * 5) + 5 + (5 * 2) + 2, flat.Count);
        using (torch.no_grad())
        {
            flat.Values.zero_();
        }

        Assert.Equal(0, network.Forward(torch.ones(1, 3)).abs().sum().item<float>());
    }
}
