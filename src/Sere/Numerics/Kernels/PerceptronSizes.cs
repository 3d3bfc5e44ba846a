using System.Runtime.InteropServices;
using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>The sizes of a layer of perceptrons.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct PerceptronSizes
{
    /// <summary>The sizes of x [R, I] and weight [O, I], or of [S, R, I] and [S, I, O].</summary>
    public PerceptronSizes(torch.Tensor x, torch.Tensor weight)
    {
        long[] inputs = x.shape;
        long[] weights = weight.shape;
        WeightIsTransposed = weights.Length == 2;
        Stack = WeightIsTransposed ? 1 : (int)weights[0];
        Rows = (int)inputs[^2];
        Inputs = (int)inputs[^1];
        Outputs = (int)(WeightIsTransposed ? weights[0] : weights[2]);
    }

    /// <summary>Layers that are computed at once, S.</summary>
    public int Stack { get; }

    /// <summary>Rows of x, R.</summary>
    public int Rows { get; }

    /// <summary>I.</summary>
    public int Inputs { get; }

    /// <summary>O.</summary>
    public int Outputs { get; }

    /// <summary>Whether the weight is stored as [O, I], as that of a single layer is.</summary>
    public bool WeightIsTransposed { get; }

    /// <summary>Numbers of the weight of one layer.</summary>
    public long WeightLength => (long)Inputs * Outputs;

    /// <summary>Operations of the products of one pass.</summary>
    public long Operations => 2L * Stack * Rows * Inputs * Outputs;

    /// <summary>x, or a copy where the rows of a layer do not follow each other.</summary>
    public torch.Tensor Rowwise(torch.Tensor x)
    {
        long[] strides = x.stride();
        return strides[^1] == 1 && strides[^2] == Inputs ? x : x.contiguous();
    }

    /// <summary>Numbers from the input of one layer to that of the next; 0 where all share one.</summary>
    public long InputStride(torch.Tensor x) => x.dim() == 2 ? 0 : x.stride(0);
}
