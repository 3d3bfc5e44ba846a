using Sere.Kernels;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>Law 6 for networks: all of a stack at once is each alone, and leading dimensions are a batch.</summary>
/// <remarks>
/// Seen to fail with: the bias of network 0 for each; the last bias left out; the features of encoder 0 for each layer.
/// </remarks>
public sealed class StackedNetworkLawTests
{
    private const double Rounding = 1e-10;
    private const int Stack = 4;
    private const int Batch = 3;
    private const int Inputs = 5;
    private const int Outputs = 6;

    /// <summary>The hidden widths under test, with each activation, and a shared or a stacked input.</summary>
    public static TheoryData<int[], Activation, bool> Networks
    {
        get
        {
            var networks = new TheoryData<int[], Activation, bool>();
            foreach (bool shared in new[] { false, true })
            {
                networks.Add([], Activation.Elu, shared);
                networks.Add([7], Activation.Elu, shared);
                networks.Add([7, 8], Activation.Elu, shared);
                networks.Add([7, 8], Activation.Silu, shared);
                networks.Add([7, 8], Activation.Relu, shared);
                networks.Add([7, 8], Activation.LeakyRelu, shared);
                networks.Add([7, 8], Activation.Tanh, shared);
            }

            return networks;
        }
    }

    [Theory]
    [MemberData(nameof(Networks))]
    public void A_stack_at_once_equals_each_network_alone(int[] hidden, Activation activation, bool shared)
    {
        using var scope = torch.NewDisposeScope();
        var network = new StackedMlp(Stack, Inputs, hidden, Outputs, activation, Initializer());
        Parameters.Randomize(network, 170);
        var x = Float64.Leaf(shared ? Float64.Normal(171, Batch, Inputs) : Float64.Normal(171, Stack, Batch, Inputs));
        torch.Tensor Input(int index) => shared ? x : x[index];

        var (output, features) = network.ForwardWithHidden(x);
        TensorAssert.Close(output, network.Forward(x), 0, "output alone");
        TensorAssert.Shape([Stack, Batch, Outputs], output, "output");
        for (int index = 0; index < Stack; index++)
        {
            var (one, hiddenOne) = network.ForwardOne(index, Input(index));
            TensorAssert.Close(output[index], one, Rounding, $"output {index}");
            TensorAssert.Close(features[index], hiddenOne, Rounding, $"hidden features {index}");
        }

        var weights = Float64.Normal(172, Stack, Batch, Outputs);
        torch.Tensor[] leaves = [x, .. network.parameters()];
        TensorAssert.SameGradients(
            () => (network.Forward(x) * weights).sum(),
            () => torch.stack([.. Enumerable.Range(0, Stack)
                .Select(index => (network.ForwardOne(index, Input(index)).Output * weights[index]).sum())]).sum(),
            leaves,
            Rounding);
    }

    [Fact]
    public void Encoders_at_once_equal_each_encoder_alone()
    {
        using var scope = torch.NewDisposeScope();
        var networks = new StackedMlp(Stack, Inputs, [7, 8], Outputs, Activation.Elu, Initializer());
        var encoder = new IndependentEvidenceEncoder(networks);
        Parameters.Randomize(encoder, 173);
        var x = Float64.Leaf(Float64.Normal(174, Batch, Inputs));
        var features = encoder.Encode(x).Stack!;
        TensorAssert.Shape([Stack, Batch, Outputs], features, "features");
        var weights = Float64.Normal(175, Stack, Batch, Outputs);
        for (int layer = 0; layer < Stack; layer++)
        {
            TensorAssert.Close(features[layer], networks.ForwardOne(layer, x).Output, Rounding, $"layer {layer}");
        }

        TensorAssert.SameGradients(
            () => (encoder.Encode(x).Stack! * weights).sum(),
            () => torch.stack([.. Enumerable.Range(0, Stack)
                .Select(layer => (networks.ForwardOne(layer, x).Output * weights[layer]).sum())]).sum(),
            [x, .. encoder.parameters()],
            Rounding);
    }

    [Fact]
    public void Leading_dimensions_of_a_context_are_a_batch()
    {
        const int Samples = 2;
        using var scope = torch.NewDisposeScope();
        var network = new ContextNetwork(new Mlp(Inputs, [7, 8], Outputs, Activation.Elu, Initializer()));
        Parameters.Randomize(network, 176);
        var context = Float64.Leaf(Float64.Normal(177, Samples, Batch, Inputs));
        var weights = Float64.Normal(178, Samples, Batch, Outputs);
        torch.Tensor Flat() => network.Forward(context.view(Samples * Batch, Inputs)).view(Samples, Batch, Outputs);
        TensorAssert.Close(Flat(), network.Forward(context), Rounding, "parameters");
        TensorAssert.SameGradients(
            () => (network.Forward(context) * weights).sum(),
            () => (Flat() * weights).sum(),
            [context, .. network.parameters()],
            Rounding);
    }

    [Fact]
    public void A_perceptron_is_affine_maps_with_an_activation_between_them()
    {
        using var scope = torch.NewDisposeScope();
        var network = new Mlp(Inputs, [7], Outputs, Activation.Tanh, Initializer());
        Parameters.Randomize(network, 179);
        var x = Float64.Normal(180, Batch, Inputs);
        var parameters = network.named_parameters().ToDictionary(entry => entry.name, entry => entry.parameter);
        var hidden = x.mm(parameters["weight0"].t()).Plus(parameters["bias0"]).tanh();
        var expected = hidden.mm(parameters["weight1"].t()).Plus(parameters["bias1"]);
        TensorAssert.Close(expected, network.Forward(x), Rounding, "output");
    }

    [Fact]
    public void A_context_that_is_missing_or_not_used_is_refused()
    {
        using var scope = torch.NewDisposeScope();
        var conditional = new ContextNetwork(new Mlp(Inputs, [], Outputs, Activation.Elu, Initializer()));
        var constant = new ContextNetwork(Initializer().Normal(1, Outputs));
        Assert.True(conditional.IsConditional);
        Assert.False(constant.IsConditional);
        Assert.Throws<ArgumentException>(() => conditional.Forward(null));
        Assert.Throws<ArgumentException>(() => constant.Forward(Float64.Normal(181, Batch, Inputs)));
        TensorAssert.Shape([Outputs], constant.Forward(null), "constant");
    }

    private static ParameterInitializer Initializer() => new(170, torch.ScalarType.Float64);
}
