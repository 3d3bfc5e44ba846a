using Sere.Networks;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>Law 6 for residual networks: all of a stack at once is each alone, values and gradients.</summary>
/// <remarks>
/// Seen to fail with: a factor of 1.01 on the convolution that all share; the head of layer 0 for each layer of a bottom-up pass.
/// </remarks>
public sealed class ResidualNetworkLawTests
{
    private const double Rounding = 1e-9;
    private const int Stack = 3;
    private const int Batch = 4;

    private static readonly Dictionary<string, (FeatureShape Input, FeatureShape Output, ResidualDesign Settings)> Table =
        new(StringComparer.Ordinal)
        {
            ["vector to vector"] = (FeatureShape.Vector(5), FeatureShape.Vector(6), new() { Widths = [4, 3], Blocks = 2 }),
            ["vector to grid"] = (FeatureShape.Vector(5), new(2, 3, 7), new() { Widths = [4, 3] }),
            ["vector to grid without a step"] = (FeatureShape.Vector(5), new(2, 3, 4), new() { Widths = [4, 3], Stride = 1 }),
            ["image to vector"] = (new(2, 7, 6), FeatureShape.Vector(6), new() { Widths = [3, 4] }),
            ["image to a coarser grid"] = (new(3, 8, 8), new(4, 2, 2), new() { Widths = [5], Stride = 4, Kernel = 5 }),
            ["grid to the same grid"] = (new(2, 4, 5), new(3, 4, 5), new() { Widths = [4], Stride = 1 }),
            ["grid to the same grid, down and up"] = (new(2, 5, 7), new(3, 5, 7), new() { Widths = [4, 3], Blocks = 2 }),
            ["plain weights"] = (new(2, 5, 7), FeatureShape.Vector(3), new() { Normalization = Normalization.None }),
            ["batch normalization"] = (new(2, 5, 7), new(3, 5, 7), new() { Normalization = Normalization.Batch, Widths = [3] }),
        };

    /// <summary>Every case, with an input of each network's own and with one that all share.</summary>
    public static TheoryData<string, bool> Cases
    {
        get
        {
            var cases = new TheoryData<string, bool>();
            foreach (string name in Table.Keys)
            {
                cases.Add(name, false);
                cases.Add(name, true);
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_stack_at_once_equals_each_network_alone(string name, bool shared)
    {
        using var scope = torch.NewDisposeScope();
        var (input, output, settings) = Table[name];
        var network = new StackedResidualNetwork(
            Stack, input, output, settings, new ParameterInitializer(300, torch.ScalarType.Float64));
        Parameters.Randomize(network, 300);
        network.eval();
        var values = shared ? Float64.Normal(301, Batch, input.Size) : Float64.Normal(301, Stack, Batch, input.Size);

        // A convolution whose input needs no gradient has a way of its own.
        foreach (var x in new[] { Float64.Leaf(values), values })
        {
            torch.Tensor Input(int index) => shared ? x : x[index];
            var (all, hidden) = network.ForwardWithHidden(x);
            TensorAssert.Shape([Stack, Batch, output.Size], all, "output");
            for (int index = 0; index < Stack; index++)
            {
                var (one, hiddenOne) = network.ForwardOne(index, Input(index));
                TensorAssert.Close(all[index], one, Rounding, $"output {index}");
                TensorAssert.Close(hidden[index], hiddenOne, Rounding, $"features {index}");
            }

            var weights = Float64.Normal(302, Stack, Batch, output.Size);
            torch.Tensor[] leaves = x.requires_grad ? [x, .. network.parameters()] : [.. network.parameters()];
            TensorAssert.SameGradients(
                () => (network.Forward(x) * weights).sum(),
                () => torch.stack([.. Enumerable.Range(0, Stack)
                    .Select(index => (network.ForwardOne(index, Input(index)).Output * weights[index]).sum())]).sum(),
                leaves,
                Rounding);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_output_is_an_affine_map_of_the_features_that_the_design_tells(string name, bool shared)
    {
        using var scope = torch.NewDisposeScope();
        var (input, output, settings) = Table[name];
        var design = settings;
        var network = design.CreateStack(Stack, input, output, new ParameterInitializer(300, torch.ScalarType.Float64));
        network.eval();
        var x = shared ? Float64.Normal(301, Batch, input.Size) : Float64.Normal(301, Stack, Batch, input.Size);
        TensorAssert.Shape(
            [Stack, Batch, design.Features(input, output).Size], network.ForwardWithHidden(x).Hidden, "features");
    }

    [Fact]
    public void A_grid_that_cannot_become_the_output_is_refused()
    {
        using var scope = torch.NewDisposeScope();
        var error = Assert.Throws<UsageException>(() => new StackedResidualNetwork(
            1, new(3, 8, 8), new(4, 2, 2), new() { Widths = [5] }, new ParameterInitializer(1)));
        Assert.Contains("4x4", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Outputs_start_at_the_values_they_are_given()
    {
        using var scope = torch.NewDisposeScope();
        foreach (var output in new[] { FeatureShape.Vector(4), new FeatureShape(2, 4, 5) })
        {
            var network = new StackedResidualNetwork(
                Stack, FeatureShape.Vector(3), output, new(), new ParameterInitializer(300, torch.ScalarType.Float64));
            using var noGrad = torch.no_grad();
            var values = Float64.Normal(303, Stack, 1, output.Size);
            network.InitializeOutput(values);

            // Biases start at zero and SiLU keeps zero.
            var y = network.Forward(torch.zeros([1, 3], torch.ScalarType.Float64));
            TensorAssert.Close(values, y, 1e-12, "output");
        }
    }

    [Fact]
    public void Features_of_a_bottom_up_pass_come_from_the_layers_below()
    {
        using var scope = torch.NewDisposeScope();
        const int Layers = 4;
        foreach (var design in new NetworkDesign[]
        {
            new PerceptronDesign([5, 6]), new ResidualDesign { Widths = [3] },
        })
        {
            var encoder = new BottomUpEvidenceEncoder(
                design, Layers, new(1, 4, 6), FeatureShape.Vector(7), new ParameterInitializer(304, torch.ScalarType.Float64));
            var x = Float64.Normal(305, Batch, 24);
            TensorAssert.Shape([Layers, Batch, 7], encoder.Encode(x).Stack!, "features");
            for (int layer = 0; layer < Layers; layer++)
            {
                encoder.zero_grad();
                encoder.Encode(x).Stack![layer].sum().backward();
                var seen = encoder.named_parameters()
                    .Where(entry => entry.parameter.grad is { } grad && grad.count_nonzero().item<long>() > 0)
                    .Select(entry => entry.name.Split('.')[0]).Distinct().Order(StringComparer.Ordinal);
                string[] expected =
                    ["bottom", $"head{layer}", .. Enumerable.Range(layer, Layers - 1 - layer).Select(below => $"step{below}")];
                Assert.Equal(expected.Order(StringComparer.Ordinal), seen);
            }
        }
    }
}
