using Sere.Kernels;
using Sere.Networks;
using Sere.Numerics;
using Sere.Tests.Laws;
using Sere.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Networks;

/// <summary>What depends on what in a masked autoencoder, by its masks and by derivatives.</summary>
/// <remarks>
/// Seen to fail with: a mask of the last layer that lets an input through to its own parameters; of the fused layers, hidden
/// columns of the weight's gradient that keep their product, corners one row off, and the gradient of the input without its
/// corners; one phase for all steps.
/// </remarks>
public sealed class ConditionalMadeTests
{
    private const int Context = 2;

    public static TheoryData<int, int[]> Sizes => new()
    {
        { 1, [4] },
        { 2, [3] },
        { 5, [] },
        { 5, [8] },
        { 5, [4, 9] },
        { 20, [7] },
        { 20, [6, 5] },
        { 7, [30, 30] },
    };

    // Before, the fused layers took corners of the earlier weight beside the later one.
    [Fact]
    public void A_bound_network_ends_with_its_weights()
    {
        using var scope = torch.NewDisposeScope();
        var made = Made(5, [8]);
        using var flat = new FlatParameters(made);
        using var optimizer = new Adam(flat.Trainable, 0.9, 0.999, 1e-8);
        var bound = made.Bind(Float64.Normal(3, Context));
        var x = Float64.Normal(4, 5);
        bound.Forward(x);
        flat.Gradients.FillInPlace(1);
        optimizer.Step(flat.Trainable, flat.Gradients, 0.1);
        Assert.Throws<InvalidOperationException>(() => bound.Forward(x));
        Assert.Throws<InvalidOperationException>(() => bound.Sequential(x.unsqueeze(0)));
        made.Bind(Float64.Normal(3, Context)).Forward(x);
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void The_mask_product_is_strictly_lower_triangular(int inputs, int[] hidden)
    {
        using var scope = torch.NewDisposeScope();
        var product = Masks.Product(Made(inputs, hidden));
        TensorAssert.Shape([2 * inputs, inputs], product, "mask product");
        foreach (var part in product.chunk(2, 0))
        {
            Assert.Equal(0, part.triu().abs().sum().item<double>());
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void The_parameters_of_an_input_depend_on_the_inputs_before_it_alone(int inputs, int[] hidden)
    {
        using var scope = torch.NewDisposeScope();
        var made = Made(inputs, hidden);
        var context = Float64.Normal(3, Context);
        var jacobian = Derivatives.Jacobian(x => made.Forward(x, context), Float64.Normal(4, inputs));
        TensorAssert.Close(
            Masks.Product(made).IsAbove(0).to(torch.ScalarType.Float64),
            jacobian.IsNotEqualTo(0).to(torch.ScalarType.Float64),
            0,
            "dependence");
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void The_context_reaches_every_parameter(int inputs, int[] hidden)
    {
        using var scope = torch.NewDisposeScope();
        var made = Made(inputs, hidden);
        var x = Float64.Normal(4, inputs);
        var jacobian = Derivatives.Jacobian(context => made.Forward(x, context), Float64.Normal(3, Context));
        Assert.True(jacobian.IsNotEqualTo(0).all().item<bool>());
    }

    [Theory]
    [InlineData(20, 7)]
    [InlineData(20, 3)]
    [InlineData(10, 9)]
    [InlineData(10, 40)]
    public void Hidden_degrees_are_spread_evenly_so_that_the_last_parameter_reaches_almost_all_inputs(int inputs, int width)
    {
        using var scope = torch.NewDisposeScope();
        var last = Masks.Product(Made(inputs, [width]))[inputs - 1];
        int reached = (int)last.count_nonzero().item<long>();

        // The largest of H evenly spread degrees falls short of D - 1 by at most the spacing.
        Assert.InRange(reached, inputs - 1 - ((inputs - 1) / width), inputs - 1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Without_rows_there_are_no_parameters(bool fused)
    {
        using var scope = torch.NewDisposeScope();
        using var plain = fused ? null : FusedKernels.UsePlainFormulas();
        var made = new ConditionalMade(90, 0, [70], 2, Activation.Elu, new ParameterInitializer(1));
        TensorAssert.Shape([0, 180], made.Forward(torch.zeros(0, 90), null), "parameters");
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1)]
    [InlineData(double.NaN)]
    public void A_phase_is_a_part_of_the_spacing(double phase) => Assert.Throws<ArgumentOutOfRangeException>(
        () => new ConditionalMade(3, 0, [4], 2, Activation.Elu, new ParameterInitializer(1), phase: phase));

    // What the degrees of every step put together is, to the affine steps of a flow, independent given what comes before.
    [Theory]
    [InlineData(3072, 256, 10, 0.6)]
    [InlineData(64, 16, 10, 1)]
    public void Steps_of_a_flow_part_the_inputs_at_different_places(int inputs, int width, int steps, double share)
    {
        var parted = new HashSet<int>();
        for (int step = 0; step < steps; step++)
        {
            using var scope = torch.NewDisposeScope();
            var made = new ConditionalMade(
                inputs, 0, [width], 1, Activation.Tanh, new ParameterInitializer(1), phase: ConditionalMade.Phase(step));
            long[] reached = [.. Masks.Product(made).IsAbove(0).sum([1]).data<long>()];
            for (int input = 1; input < inputs; input++)
            {
                if (reached[input] != reached[input - 1])
                {
                    // Every second step sees the reversed order.
                    parted.Add(step % 2 == 0 ? input : inputs - input);
                }
            }
        }

        Assert.InRange(parted.Count / (double)(inputs - 1), share, 1);
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 1)]
    [InlineData(20, 7)]
    [InlineData(10, 40)]
    public void A_shifted_network_still_reaches_no_later_input_and_almost_all_earlier_ones(int inputs, int width)
    {
        foreach (double phase in new[] { 0.3, 0.999 })
        {
            using var scope = torch.NewDisposeScope();
            var product = Masks.Product(new ConditionalMade(
                inputs, 0, [width, width], 1, Activation.Tanh, new ParameterInitializer(1), phase: phase));
            Assert.Equal(0, product.triu().abs().sum().item<float>());
            int reached = (int)product[inputs - 1].count_nonzero().item<long>();
            Assert.InRange(reached, inputs - 1 - ((inputs - 1) / width), inputs - 1);
        }
    }

    [Fact]
    public void A_prepared_context_serves_all_samples_of_its_image()
    {
        using var scope = torch.NewDisposeScope();
        var made = Made(4, [6]);
        var context = Float64.Normal(3, 3, Context);
        var x = Float64.Normal(4, 5, 3, 4);
        var atOnce = made.Bind(context).Forward(x);
        var oneByOne = torch.stack([.. x.unbind(0).Select(sample => made.Forward(sample, context))]);
        TensorAssert.Close(oneByOne, atOnce, 1e-12, "parameters");
    }

    // Single precision goes through the fused layers, which leave out what the masks make zero: from 64 columns on in groups.
    [Theory]
    [InlineData(true, 6, new[] { 16, 9 }, 2)]
    [InlineData(false, 6, new[] { 16, 9 }, 2)]
    [InlineData(true, 150, new[] { 70, 300 }, 2)]
    [InlineData(false, 150, new[] { 300, 70 }, 3)]
    [InlineData(true, 90, new int[0], 1)]
    [InlineData(true, 2, new[] { 100 }, 2)]
    [InlineData(true, 200, new[] { 1 }, 2)]
    [InlineData(false, 200, new[] { 3, 500, 2 }, 2)]
    public void In_single_precision_it_equals_the_plain_formulas_values_and_gradients(
        bool withContext, int inputs, int[] hidden, int parameters)
    {
        using var scope = torch.NewDisposeScope();
        var made = new ConditionalMade(
            inputs, withContext ? Context : 0, hidden, parameters, Activation.Elu, new ParameterInitializer(1), phase: 0.4);
        var context = withContext ? Float64.Leaf(Float64.Normal(3, 5, Context).to(torch.float32)) : null;
        var x = Float64.Leaf(Float64.Normal(4, 20, 5, inputs).to(torch.float32));
        var weights = Float64.Normal(5, 20, 5, parameters * inputs).to(torch.float32);
        torch.Tensor Scalar(bool fused)
        {
            using var plain = fused ? null : FusedKernels.UsePlainFormulas();
            return (made.Forward(x, context) * weights).sum();
        }

        TensorAssert.SameGradients(
            () => Scalar(false),
            () => Scalar(true),
            [x, .. context is null ? Array.Empty<torch.Tensor>() : [context], .. made.parameters()],
            1e-4);
    }

    [Fact]
    public void A_missing_and_an_unused_context_are_refused()
    {
        using var scope = torch.NewDisposeScope();
        Assert.Throws<ArgumentException>(() => Made(3, [4]).Bind(null));
        var unconditional = new ConditionalMade(
            3, 0, [4], 2, Activation.Tanh, new ParameterInitializer(1, torch.ScalarType.Float64));
        Assert.Throws<ArgumentException>(() => unconditional.Bind(Float64.Normal(3, Context)));
        Assert.Throws<ArgumentException>(() => unconditional.Forward(Float64.Normal(4, 2), null));
    }

    private static ConditionalMade Made(int inputs, int[] hidden)
    {
        var made = new ConditionalMade(
            inputs, Context, hidden, 2, Activation.Tanh, new ParameterInitializer(1, torch.ScalarType.Float64));
        Parameters.Randomize(made, 2);
        return made;
    }
}
