using TorchSharp;

namespace Sere.Numerics;

/// <summary>Fused elementwise operations, and the matrix products and convolutions, which a <see cref="MatrixProductLog"/> sees here.</summary>
internal static class TensorMath
{
    /// <summary>addend + first * second, in one pass.</summary>
    public static torch.Tensor MultiplyAdd(torch.Tensor addend, torch.Tensor first, torch.Tensor second) =>
        addend.addcmul(first, second, TensorArithmetic.One);

    /// <summary>addend + first second, a matrix product for each of the leading dimension: [S, B, I] and [S, I, O].</summary>
    /// <remarks>TorchSharp's baddbmm takes the first matrix as its receiver and the addend last, unlike its names say.</remarks>
    public static torch.Tensor BatchMultiplyAdd(torch.Tensor addend, torch.Tensor first, torch.Tensor second)
    {
        LogProducts(first, second);
        ThreadTuner.RequireAll();
        return ProductPrecisionScope.Current == ProductPrecision.Full
            ? first.baddbmm(second, addend)
            : ProductPrecisionScope.Multiply(first, second).Plus(addend);
    }

    /// <summary>[..., N1], [..., N2], ... to [..., N1 + N2 + ...]; leading dimensions are broadcast.</summary>
    public static torch.Tensor SideBySide(params torch.Tensor[] vectors)
    {
        long[] leading = vectors[0].shape[..^1];
        if (!Array.TrueForAll(vectors, vector => vector.shape[..^1].AsSpan().SequenceEqual(leading)))
        {
            // Of no elements, because one of the vectors may have none.
            leading = torch.broadcast_tensors(Array.ConvertAll(vectors, vector => vector.narrow(-1, 0, 0)))[0].shape[..^1];
            vectors = Array.ConvertAll(vectors, vector => vector.expand([.. leading, vector.shape[^1]]));
        }

        return torch.cat(vectors, -1);
    }

    /// <summary>
    /// x weight^T for one layer: [R, I] and [O, I]; x weight for each of a stack: [S, R, I] and [S, I, O].
    /// </summary>
    public static torch.Tensor MatrixMultiply(torch.Tensor x, torch.Tensor weight)
    {
        LogProduct(x, weight);
        ThreadTuner.RequireAll();
        return ProductPrecisionScope.Multiply(x, weight.dim() == 3 ? weight : weight.t());
    }

    /// <summary>first second in full precision, which is no layer's product: [..., I] and [I, O], or [R, I] and [I].</summary>
    public static torch.Tensor Product(torch.Tensor first, torch.Tensor second)
    {
        ThreadTuner.RequireAll();
        return first.matmul(second);
    }

    /// <summary>Writes down what <see cref="MatrixMultiply"/> computes, where a kernel computes it.</summary>
    public static void LogProduct(torch.Tensor x, torch.Tensor weight)
    {
        if (weight.dim() == 3)
        {
            LogProducts(x, weight);
        }
        else
        {
            MatrixProductLog.Add(1, x.shape[0], x.shape[1], weight.shape[0], x.requires_grad);
        }
    }

    /// <summary>x weight^T + bias: [..., I], [O, I] and [O].</summary>
    public static torch.Tensor Linear(torch.Tensor x, torch.Tensor weight, torch.Tensor bias)
    {
        MatrixProductLog.Add(1, x.numel() / x.shape[^1], x.shape[^1], weight.shape[0], x.requires_grad);
        ThreadTuner.RequireAll();
        return ProductPrecisionScope.Current == ProductPrecision.Full
            ? torch.nn.functional.linear(x, weight, bias)
            : ProductPrecisionScope.Multiply(x.reshape(-1, x.shape[^1]), weight.t()).Plus(bias)
                .view([.. x.shape[..^1], weight.shape[0]]);
    }

    /// <summary>A grouped convolution: [R, G I, H, W] and [G O, I, k, l] to [R, G O, H', W'].</summary>
    public static torch.Tensor Convolve(
        torch.Tensor x, torch.Tensor weight, torch.Tensor? bias, int stride, int padding, int groups)
    {
        long[] shape = weight.shape;
        MatrixProductLog.Add(new Convolution(
            x.shape[0],
            groups,
            (int)shape[1],
            (int)shape[0] / groups,
            (int)x.shape[2],
            (int)x.shape[3],
            (int)shape[2],
            (int)shape[3],
            padding,
            stride,
            x.requires_grad));
        ThreadTuner.RequireAll();
        return torch.nn.functional.conv2d(x, weight, bias, [stride, stride], [padding, padding], null, groups);
    }

    private static void LogProducts(torch.Tensor first, torch.Tensor second) =>
        MatrixProductLog.Add(first.shape[0], first.shape[1], first.shape[2], second.shape[2], first.requires_grad);
}

/// <summary>Sums over trailing dimensions.</summary>
internal static class EventSum
{
    /// <summary>The sum of <paramref name="x"/> over its last <paramref name="dimensions"/> dimensions.</summary>
    public static torch.Tensor Of(torch.Tensor x, int dimensions)
    {
        if (dimensions == 0)
        {
            return x;
        }

        long[] trailing = new long[dimensions];
        for (int i = 0; i < dimensions; i++)
        {
            trailing[i] = i - dimensions;
        }

        return x.sum(trailing);
    }
}
