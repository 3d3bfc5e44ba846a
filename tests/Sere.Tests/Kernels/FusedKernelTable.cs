using Sere.Kernels;
using Sere.Likelihoods;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Tests.Kernels;

/// <summary>
/// Every computation that has a fused form, at sizes with and without a remainder to the vector width, small enough for
/// one thread and large enough for two.
/// </summary>
internal static class FusedKernelTable
{
    private static readonly Activation?[] Activations =
        [null, Activation.Elu, Activation.Relu, Activation.LeakyRelu, Activation.Tanh, Activation.Silu];

    public static IEnumerable<FusedKernelCase> Cases =>
        [.. Single(), .. Stacked(), .. Added(), .. Bernoulli(), .. LogisticMixture()];

    /// <summary>Those of the computations whose fused form lacks the gradient of an input, with all inputs.</summary>
    public static IEnumerable<FusedKernelCase> WithEveryInput =>
    [
        new(
            "Bernoulli log-likelihood of data and mask",
            [[3, 2, 20, 17], [3, 20, 17], [3, 1, 17]],
            inputs => new BernoulliFamily().LogLikelihood(inputs[0], inputs[1], inputs[2])),
        new(
            "logistic mixture of data and mask",
            [[3, 2, 20, 15 * 17], [3, 20, 17], [3, 1, 17]],
            inputs => new LogisticMixtureFamily(new(1, 5, 256, 0.01)).LogLikelihood(
                inputs[0], inputs[1].sigmoid(), inputs[2])),
    ];

    private static IEnumerable<FusedKernelCase> Single() =>
        from activation in Activations
        from width in new[] { 3, 10, 79, 200 }
        select new FusedKernelCase(
            $"one layer, {activation?.ToString() ?? "affine"}, width {width}",
            [[500, 6], [width, 6], [width]],
            inputs => PerceptronLayer.Single(inputs[0], inputs[1], inputs[2], activation));

    private static IEnumerable<FusedKernelCase> Stacked() =>
        from activation in Activations
        from sizes in new (int Stack, int Rows, int Width)[] { (1, 3, 1), (3, 5, 10), (4, 100, 79), (10, 70, 200) }
        select new FusedKernelCase(
            $"a stack of {sizes.Stack}, {activation?.ToString() ?? "affine"}, {sizes.Rows} rows, width {sizes.Width}",
            [[sizes.Stack, sizes.Rows, 7], [sizes.Stack, 7, sizes.Width], [sizes.Stack, 1, sizes.Width]],
            inputs => PerceptronLayer.Stacked(inputs[0], inputs[1], inputs[2], activation));

    private static IEnumerable<FusedKernelCase> Added() =>
        from activation in new Activation?[] { null, Activation.Elu }
        from samples in new[] { 1, 3 }
        from bias in new[] { false, true }
        from width in new[] { 10, 79, 200 }
        select new FusedKernelCase(
            $"a stack with addend, {activation?.ToString() ?? "affine"}, {samples} samples, bias {bias}, width {width}",
            [[3, samples * 40, 7], [3, 7, width], [3, 40, width], .. bias ? [[3L, 1, width]] : Array.Empty<long[]>()],
            inputs => PerceptronLayer.Stacked(
                inputs[0], inputs[1], bias ? inputs[3] : null, activation, addend: inputs[2]));

    private static IEnumerable<FusedKernelCase> Bernoulli() =>
        from samples in new[] { 1, 3 }
        from sizes in new (int Stack, int Batch, int Width)[] { (1, 3, 5), (3, 70, 79), (10, 200, 80) }
        select new FusedKernelCase(
            $"Bernoulli log-likelihood, {samples} samples, {sizes.Stack} blocks, batch {sizes.Batch}, width {sizes.Width}",
            [[sizes.Stack, samples, sizes.Batch, sizes.Width]],
            inputs => new BernoulliFamily().LogLikelihood(
                inputs[0], Bits(sizes.Stack, sizes.Batch, sizes.Width), Mask(sizes.Stack, sizes.Width)));

    private static IEnumerable<FusedKernelCase> LogisticMixture() =>
        from samples in new[] { 1, 3 }
        from sizes in new (int Channels, int Mixtures, int Levels, int Stack, int Batch, int Pixels)[]
        {
            (1, 1, 2, 1, 3, 5), (1, 5, 256, 3, 20, 17), (3, 2, 4, 2, 9, 3), (3, 5, 256, 4, 30, 64),
        }
        let family = new LogisticMixtureFamily(new(sizes.Channels, sizes.Mixtures, sizes.Levels, 0.01))
        select new FusedKernelCase(
            $"logistic mixture, {samples} samples, {sizes}",
            [[sizes.Stack, samples, sizes.Batch, family.ParameterCount(sizes.Channels * sizes.Pixels)]],
            inputs => family.LogLikelihood(
                inputs[0],
                Levels(sizes.Levels, sizes.Stack, sizes.Batch, sizes.Channels * sizes.Pixels),
                sizes.Channels == 1
                    ? Mask(sizes.Stack, sizes.Pixels)
                    : torch.ones(sizes.Stack, 1, sizes.Channels * sizes.Pixels)));

    /// <summary>All levels, the first and the last among them.</summary>
    private static torch.Tensor Levels(int levels, params long[] shape)
    {
        using var generator = new torch.Generator(12);
        return torch.rand(shape, generator: generator).Times(levels).floor().Over(levels - 1).Clamp(0, 1);
    }

    private static torch.Tensor Bits(params long[] shape)
    {
        using var generator = new torch.Generator(11);
        return torch.rand(shape, generator: generator).IsBelow(0.4).to(torch.ScalarType.Float32);
    }

    /// <summary>The last block is shorter by 2.</summary>
    private static torch.Tensor Mask(int stack, int width)
    {
        var mask = torch.ones([stack, 1, width]);
        mask[stack - 1, 0].narrow(0, width - 2, 2).zero_();
        return mask;
    }
}
