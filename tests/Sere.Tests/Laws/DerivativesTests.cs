using Sere.Numerics;
using TorchSharp;
using Xunit;
using Xunit.Sdk;

namespace Sere.Tests.Laws;

/// <summary>What the laws of gradients rest on.</summary>
public sealed class DerivativesTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(17)]
    [InlineData(29)]
    public void A_gradient_that_is_wrong_in_one_element_is_seen(long wrong)
    {
        using var scope = torch.NewDisposeScope();
        var leaf = Float64.Leaf(Float64.Normal(1, 5, 6));
        Derivatives.CheckedGradients(() => leaf.Square().sum(), [leaf], 1e-7);
        Assert.ThrowsAny<XunitException>(() => Derivatives.CheckedGradients(
            () => leaf.Square().sum().Plus(leaf.detach().flatten()[wrong].Times(1e-4)), [leaf], 1e-5));
        Assert.ThrowsAny<XunitException>(() => Derivatives.CheckedGradients(
            () => leaf.Square().sum().Plus(leaf.detach().flatten()[wrong] - leaf.detach().flatten()[3]), [leaf], 1e-5));
    }

    [Fact]
    public void Gradients_of_two_leaves_that_are_exchanged_are_seen()
    {
        using var scope = torch.NewDisposeScope();
        var first = Float64.Leaf(Float64.Normal(1, 5, 6));
        var second = Float64.Leaf(Float64.Normal(2, 5, 6));
        torch.Tensor Scalar(torch.Tensor one, torch.Tensor other) =>
            (one * Float64.Normal(3, 5, 6)).sum().Plus((other * Float64.Normal(4, 5, 6)).sum());
        Derivatives.CheckedGradients(() => Scalar(first, second), [first, second], 1e-7);
        Assert.ThrowsAny<XunitException>(() => Derivatives.CheckedGradients(
            () => Scalar(first, second).detach().Plus(Scalar(second, first) - Scalar(second, first).detach()),
            [first, second],
            1e-5));
    }
}
