using Sere.Numerics;
using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// The selective attention of DRAW (Gregor et al. 2015, section 3.2): a grid of N x N Gaussian filters over an image, whose
/// centre, stride, width and intensity a network gives.
/// </summary>
/// <param name="size">N.</param>
/// <param name="image">What it looks at.</param>
internal sealed class GaussianAttention(int size, FeatureShape image)
{
    /// <summary>Numbers that place the filters.</summary>
    public const int Parameters = 5;

    /// <summary>Numbers of what it reads, and of what it writes.</summary>
    public int PatchSize => image.Channels * size * size;

    /// <summary>Places from filter to filter where all of them cover the image evenly.</summary>
    public double EvenStride { get; } = (double)Math.Max(image.Height, image.Width) / size;

    /// <summary>
    /// The filters of parameters [..., 5]: the centre, log variance, log stride and log intensity. At zeros they cover the
    /// image evenly, each half a stride wide: filters of one place, at the corners, would see nothing to learn from.
    /// </summary>
    public AttentionFilters Bind(torch.Tensor parameters)
    {
        var parts = parameters.split(1, -1);
        var variance = parts[2].exp().Times(EvenStride * EvenStride / 4).unsqueeze(-1);
        var stride = parts[3].exp().Times(EvenStride);

        // F[i, a] = exp(-(a - mu_i)^2 / (2 s^2)) over its sum over the places a: a softmax.
        torch.Tensor Filters(torch.Tensor centre, int length)
        {
            var middle = centre.Plus(1).Times((length + 1) / 2.0).Minus(1);
            var grid = Indices(size).Minus((size - 1) / 2.0);
            var means = middle.Plus(grid * stride).unsqueeze(-1);
            return (-(Indices(length) - means).Square() / variance.Times(2)).softmax(-1).unsqueeze(-3);
        }

        torch.Tensor Indices(int count) => TensorArithmetic.Indices(count, parameters.dtype, parameters.device);
        return new AttentionFilters(
            image, size, Filters(parts[1], image.Height), Filters(parts[0], image.Width), parts[4].exp());
    }
}

/// <summary>Filters that are placed.</summary>
/// <param name="Image">What they look at.</param>
/// <param name="Size">N.</param>
/// <param name="Rows">Those of the rows, [..., 1, N, H].</param>
/// <param name="Columns">Those of the columns, [..., 1, N, W].</param>
/// <param name="Intensity">[..., 1].</param>
internal sealed record AttentionFilters(
    FeatureShape Image, int Size, torch.Tensor Rows, torch.Tensor Columns, torch.Tensor Intensity)
{
    /// <summary>What the filters see of an image, times the intensity: [..., C H W] to [..., C N N].</summary>
    public torch.Tensor Read(torch.Tensor image)
    {
        var grid = image.reshape([.. image.shape[..^1], Image.Channels, Image.Height, Image.Width]);
        return Intensity * TensorMath.Product(TensorMath.Product(Rows, grid), Columns.transpose(-2, -1)).flatten(-3);
    }

    /// <summary>What a patch adds to an image, over the intensity: [..., C N N] to [..., C H W].</summary>
    public torch.Tensor Write(torch.Tensor patch)
    {
        var grid = patch.reshape([.. patch.shape[..^1], Image.Channels, Size, Size]);
        return TensorMath.Product(TensorMath.Product(Rows.transpose(-2, -1), grid), Columns).flatten(-3) / Intensity;
    }
}
