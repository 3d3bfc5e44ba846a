using Sere.Kernels;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Kernels;

/// <summary>A fused form equals the plain formula up to the rounding of float32, values and gradients.</summary>
/// <remarks>
/// Seen to fail with: the bias of layer 0 for each; the addend's gradient not summed over the samples; the remainder of a row
/// left out; the mask left out of the Bernoulli gradient; the slope of ELU without its 1; a
/// mixture of logistics without the slope of the width of a bin, or of tanh, or with a wrong last level.
/// </remarks>
public sealed class FusedKernelLawTests
{
    // Sums over up to 2,000 rows in another order.
    private const double Rounding = 2e-5;

    public static TheoryData<string> Names => [.. FusedKernelTable.Cases.Select(item => item.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_fused_form_equals_the_plain_formula(string name)
    {
        using var scope = torch.NewDisposeScope();
        var item = FusedKernelTable.Cases.Single(item => string.Equals(item.Name, name, StringComparison.Ordinal));
        var inputs = item.Shapes.Select((shape, index) => Leaf(shape, index)).ToArray();
        torch.Tensor value;
        torch.Tensor[] gradients;
        using (FusedKernels.UsePlainFormulas())
        {
            (value, gradients) = Evaluate(item, inputs);
        }

        var (fused, fusedGradients) = Evaluate(item, inputs);
        TensorAssert.Close(value, fused, Rounding, "value");
        for (int i = 0; i < inputs.Length; i++)
        {
            Assert.True(gradients[i].any().item<bool>(), $"gradient {i}: zero.");
            TensorAssert.Close(gradients[i], fusedGradients[i], Rounding, $"gradient {i}");
        }

        using var noGrad = torch.no_grad();
        TensorAssert.Close(fused, item.Compute(inputs), 0, "value without a graph");
    }

    public static TheoryData<string> OtherNames => [.. FusedKernelTable.WithEveryInput.Select(item => item.Name)];

    [Theory]
    [MemberData(nameof(OtherNames))]
    public void Where_a_kernel_lacks_a_gradient_the_plain_formula_gives_it(string name)
    {
        using var scope = torch.NewDisposeScope();
        var item = FusedKernelTable.WithEveryInput.Single(item => string.Equals(item.Name, name, StringComparison.Ordinal));
        var inputs = item.Shapes.Select((shape, index) => Leaf(shape, index)).ToArray();
        torch.Tensor[] expected;
        using (FusedKernels.UsePlainFormulas())
        {
            expected = Evaluate(item, inputs).Gradients;
        }

        foreach (var (index, (plain, given)) in expected.Zip(Evaluate(item, inputs).Gradients).Index())
        {
            TensorAssert.Close(plain, given, 0, $"gradient {index}");
        }
    }

    [Theory]
    [InlineData(1 << 29, 1)]
    [InlineData(1 << 20, 1 << 9)]
    public void From_two_gibibytes_on_the_plain_formulas_compute(int rows, int outputs)
    {
        // One number in memory, however large the shape.
        using var scope = torch.NewDisposeScope();
        var x = torch.zeros(1, 1).expand(rows, 1);
        var half = torch.zeros(1, 1).expand(rows / 2, 1);
        var weight = torch.zeros(1, 1).expand(outputs, 1);
        Assert.False(PerceptronLayer.Takes(x, weight, null));
        Assert.False(PerceptronLayer.Takes(x.unsqueeze(0), weight.t().unsqueeze(0), null));
        Assert.Equal(Blas.IsAvailable, PerceptronLayer.Takes(half, weight, null));
        Assert.Equal(Blas.IsAvailable, PerceptronLayer.Takes(half.unsqueeze(0), weight.t().unsqueeze(0), null));
    }

    [Fact]
    public void The_plain_formulas_end_with_their_scope()
    {
        using var x = torch.zeros(3);
        Assert.True(FusedKernels.Take(x));
        using (FusedKernels.UsePlainFormulas())
        {
            using (FusedKernels.UsePlainFormulas())
            {
                Assert.False(FusedKernels.Take(x));
            }

            Assert.False(FusedKernels.Take(x));
        }

        Assert.True(FusedKernels.Take(x));
    }

    [Fact]
    public void Other_types_take_the_plain_formulas()
    {
        using var x = torch.zeros(3, torch.ScalarType.Float64);
        Assert.False(FusedKernels.Take(x));
    }

    [Fact]
    public void Where_a_gradient_is_asked_that_a_kernel_does_not_give_the_plain_formulas_run()
    {
        using var x = torch.zeros(3);
        using var constant = torch.zeros(3).requires_grad_();
        Assert.False(FusedKernels.Take(x, withoutGradient: constant));
        using var noGrad = torch.no_grad();
        Assert.True(FusedKernels.Take(x, withoutGradient: constant));
    }

    private static torch.Tensor Leaf(long[] shape, int index)
    {
        using var generator = new torch.Generator((ulong)(20 + index));
        return torch.randn(shape, generator: generator).requires_grad_();
    }

    private static (torch.Tensor Value, torch.Tensor[] Gradients) Evaluate(FusedKernelCase item, torch.Tensor[] inputs)
    {
        var value = item.Compute(inputs);
        using var generator = new torch.Generator(19);

        // Not contiguous, as gradients may come.
        var weights = torch.randn([.. value.shape.Reverse()], generator: generator)
            .permute([.. Enumerable.Range(0, (int)value.dim()).Reverse().Select(axis => (long)axis)]);
        var gradients = torch.autograd.grad([(value * weights).sum()], inputs, allow_unused: true);
        return (value.detach(), [.. gradients]);
    }
}
