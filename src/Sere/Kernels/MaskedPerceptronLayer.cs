using System.Runtime.InteropServices;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Kernels;

/// <summary>
/// a(x (W * mask) + bias + addend) of one layer of a masked autoencoder, without the products that a
/// <see cref="MaskStaircase"/> makes zero. How the work is cut depends on sizes alone, so that the bits do not depend on the
/// threads.
/// </summary>
internal sealed unsafe class MaskedPerceptronLayer : FusedOperation
{
    private readonly MaskStaircase _mask;
    private readonly Activation? _activation;
    private readonly bool _hasBias;
    private readonly long[]? _addendShape;

    private MaskedPerceptronLayer(MaskStaircase mask, Activation? activation, bool hasBias, long[]? addendShape)
    {
        (_mask, _activation, _hasBias, _addendShape) = (mask, activation, hasBias, addendShape);
    }

    /// <summary>The layer's values, [R, O].</summary>
    /// <param name="x">[R, I].</param>
    /// <param name="weight">The weight.</param>
    /// <param name="bias">[1, 1, O], or null.</param>
    /// <param name="addend">Added before the activation: [B, O] where R is a multiple of B, or null.</param>
    /// <param name="activation">a; null for none.</param>
    public static torch.Tensor Apply(
        torch.Tensor x, MaskedWeight weight, torch.Tensor? bias, torch.Tensor? addend, Activation? activation)
    {
        if (weight.Corners is not { } corners || !PerceptronLayer.Takes(x, weight.Weight, activation))
        {
            return PerceptronLayer.Stacked(x.unsqueeze(0), weight.Masked(), bias, activation, addend?.unsqueeze(0))
                .squeeze(0);
        }

        foreach (var group in weight.Mask.Groups)
        {
            MatrixProductLog.Add(1, x.shape[0], group.End, group.Columns, x.requires_grad);
        }

        return new MaskedPerceptronLayer(weight.Mask, activation, bias is not null, addend?.shape)
            .Run(x.contiguous(), weight.Weight.squeeze(0), corners, bias?.view(-1), addend?.contiguous())[0];
    }

    /// <inheritdoc/>
    protected override (torch.Tensor[] Results, torch.Tensor[] Kept) Forward(torch.Tensor?[] inputs)
    {
        var (x, weight, corners, bias, addend) = (inputs[0]!, inputs[1]!, inputs[2]!, inputs[3], inputs[4]);
        int rows = (int)x.shape[0];
        var y = torch.empty(rows, _mask.Columns);
        int addendRows = addend is null ? 1 : (int)(addend.numel() / _mask.Columns);
        float* input = FloatMemory.Of(x);
        float* weights = FloatMemory.Of(weight);
        float* corner = FloatMemory.OfFirst(corners);
        float* values = FloatMemory.Of(y);
        float* biases = bias is null ? null : FloatMemory.Of(bias);
        float* addends = addend is null ? null : FloatMemory.Of(addend);
        int blocks = PerceptronLayer.Blocks(1, rows);
        ParallelWork.For(blocks, Elements(rows), piece =>
        {
            int first = (int)((long)rows * piece / blocks);
            int last = (int)((long)rows * (piece + 1) / blocks);
            float* source = input + ((long)first * _mask.Rows);
            float* target = values + ((long)first * _mask.Columns);
            foreach (var group in _mask.Groups)
            {
                var product = new BlasMatrix(target + group.First, _mask.Columns);
                if (group.End == 0)
                {
                    Clear(product, last - first, group.Columns);
                    continue;
                }

                if (group.Open > 0)
                {
                    Blas.Multiply(
                        new BlasMatrix(source, _mask.Rows),
                        new BlasMatrix(weights + group.First, _mask.Columns),
                        product,
                        last - first,
                        group.Open,
                        group.Columns);
                }

                if (group.CornerRows > 0)
                {
                    Blas.Multiply(
                        new BlasMatrix(source + group.Open, _mask.Rows),
                        new BlasMatrix(corner + group.Corner, group.Columns),
                        product,
                        last - first,
                        group.CornerRows,
                        group.Columns,
                        accumulates: group.Open > 0);
                }
            }

            _activation.Rows().Forward(values, biases, addends, addendRows, first, last, _mask.Columns);
        });
        GC.KeepAlive((x, weight, corners, bias, addend, y));
        return ([y], _activation is null ? [x, weight, corners] : [x, weight, corners, y]);
    }

    /// <inheritdoc/>
    protected override torch.Tensor?[] Backward(List<torch.Tensor> kept, List<torch.Tensor> gradients)
    {
        var (x, weight, corners, gradient) = (kept[0], kept[1], kept[2], gradients[0].contiguous());
        var y = kept.Count > 3 ? kept[3] : null;
        int rows = (int)x.shape[0];
        var before = y is null ? gradient : torch.empty_like(gradient);
        var bias = torch.empty(_mask.Columns);
        var weightGradient = torch.empty_like(weight);
        var inputGradient = x.requires_grad ? torch.empty_like(x) : null;

        float* slopes = FloatMemory.Of(gradient);
        float* values = y is null ? null : FloatMemory.Of(y);
        float* input = FloatMemory.Of(x);
        float* weights = FloatMemory.Of(weight);
        float* corner = FloatMemory.OfFirst(corners);
        float* befores = FloatMemory.Of(before);
        float* biases = FloatMemory.Of(bias);
        float* weightTarget = FloatMemory.Of(weightGradient);
        float* inputTarget = inputGradient is null ? null : FloatMemory.Of(inputGradient);

        // The weight's gradient in the columns of a group: zero where they are masked.
        void Weight(MaskGroup group)
        {
            float* target = weightTarget + group.First;
            if (group.End > 0)
            {
                Blas.Multiply(
                    new BlasMatrix(input, _mask.Rows, isTransposed: true),
                    new BlasMatrix(befores + group.First, _mask.Columns),
                    new BlasMatrix(target, _mask.Columns),
                    group.End,
                    rows,
                    group.Columns);
            }

            for (int row = group.Open; row < group.End; row++)
            {
                new Span<float>(target + ((long)row * _mask.Columns), _mask.HiddenColumns(group, row)).Clear();
            }

            Clear(
                new BlasMatrix(target + ((long)group.End * _mask.Columns), _mask.Columns),
                _mask.Rows - group.End,
                group.Columns);
        }

        // The input's gradient in a block of rows.
        void Input(int block, int blocks)
        {
            int first = (int)((long)rows * block / blocks);
            int count = (int)((long)rows * (block + 1) / blocks) - first;
            float* target = inputTarget + ((long)first * _mask.Rows);
            Clear(new BlasMatrix(target, _mask.Rows), count, _mask.Rows);
            foreach (var group in _mask.Groups)
            {
                var slope = new BlasMatrix(befores + ((long)first * _mask.Columns) + group.First, _mask.Columns);
                if (group.Open > 0)
                {
                    Blas.Multiply(
                        slope,
                        new BlasMatrix(weights + group.First, _mask.Columns, isTransposed: true),
                        new BlasMatrix(target, _mask.Rows),
                        count,
                        group.Columns,
                        group.Open,
                        accumulates: true);
                }

                if (group.CornerRows > 0)
                {
                    Blas.Multiply(
                        slope,
                        new BlasMatrix(corner + group.Corner, group.Columns, isTransposed: true),
                        new BlasMatrix(target + group.Open, _mask.Rows),
                        count,
                        group.Columns,
                        group.CornerRows,
                        accumulates: true);
                }
            }
        }

        int columnBlocks = (_mask.Columns + ActivationRows.ColumnBlock - 1) / ActivationRows.ColumnBlock;
        ParallelWork.For(columnBlocks, gradient.numel(), block => _activation.Rows().BackwardColumns(
            slopes, values, befores, biases, rows, _mask.Columns, block * ActivationRows.ColumnBlock));
        int rowBlocks = inputGradient is null ? 0 : PerceptronLayer.Blocks(1, rows);
        ParallelWork.For(
            rowBlocks + _mask.Groups.Count,
            (inputGradient is null ? 1 : 2) * Elements(rows),
            piece =>
            {
                // The largest pieces first, so that no thread ends long after the others.
                if (piece < rowBlocks)
                {
                    Input(piece, rowBlocks);
                }
                else
                {
                    Weight(_mask.Groups[_mask.Groups.Count - 1 - (piece - rowBlocks)]);
                }
            });
        GC.KeepAlive((gradient, y, x, weight, corners));

        // The corners are a copy of the weight: what they do is in its gradient.
        return
        [
            inputGradient,
            weightGradient,
            null,
            _hasBias ? bias : null,
            _addendShape is null ? null : PerceptronLayer.SumOverSamples(before, _addendShape),
        ];
    }

    private static void Clear(BlasMatrix matrix, int rows, int columns)
    {
        for (int row = 0; row < rows; row++)
        {
            new Span<float>(matrix.Start + ((long)row * matrix.Stride), columns).Clear();
        }
    }

    private long Elements(long rows) => rows * _mask.Rows * _mask.Columns / PerceptronLayer.OperationsPerElement;
}

/// <summary>A weight under a mask, with what all passes share: it holds as long as the weight does not change.</summary>
internal sealed unsafe class MaskedWeight
{
    private readonly Func<torch.Tensor> _ones;
    private readonly torch.Tensor? _masked;

    /// <summary>Prepares a weight for layers of one activation.</summary>
    /// <param name="weight">[1, I, O].</param>
    /// <param name="mask">Its mask.</param>
    /// <param name="ones">The same as ones and zeros, [1, I, O]; asked for where the plain form needs it.</param>
    /// <param name="activation">The activation; null for none.</param>
    public MaskedWeight(torch.Tensor weight, MaskStaircase mask, Func<torch.Tensor> ones, Activation? activation)
    {
        (Weight, Mask, _ones) = (weight, mask, ones);
        if (PerceptronLayer.Takes(weight, weight, activation))
        {
            Corners = CopyCorners(weight, mask);
        }
        else
        {
            _masked = Masked();
        }
    }

    /// <summary>Before its mask, [1, I, O].</summary>
    public torch.Tensor Weight { get; }

    /// <summary>The mask.</summary>
    public MaskStaircase Mask { get; }

    /// <summary>For our kernel: the corners with their masks applied, one behind the other.</summary>
    public torch.Tensor? Corners { get; }

    /// <summary>With its mask applied, [1, I, O].</summary>
    public torch.Tensor Masked() => _masked ?? (Weight * _ones());

    private static torch.Tensor CopyCorners(torch.Tensor weight, MaskStaircase mask)
    {
        var corners = torch.empty(mask.CornerLength);
        float* weights = FloatMemory.Of(weight);
        float* target = FloatMemory.OfFirst(corners);
        ParallelWork.For(mask.Groups.Count, mask.CornerLength, piece =>
        {
            var group = mask.Groups[piece];
            for (int row = group.Open; row < group.End; row++)
            {
                float* line = target + group.Corner + ((long)(row - group.Open) * group.Columns);
                int hidden = mask.HiddenColumns(group, row);
                new Span<float>(line, hidden).Clear();
                new Span<float>(
                    weights + ((long)row * mask.Columns) + group.First + hidden, group.Columns - hidden)
                    .CopyTo(new Span<float>(line + hidden, group.Columns - hidden));
            }
        });
        GC.KeepAlive((weight, corners));
        return corners;
    }
}

/// <summary>
/// A mask of which every column shows a number of first rows and hides the others, as those of a masked autoencoder with
/// rising degrees do. Columns that follow each other in rising order are cut into groups, of whose rectangle only a small
/// corner is masked in part: the rest is either multiplied as it is or left out, about half of all.
/// </summary>
internal sealed class MaskStaircase
{
    // Groups enough to leave most of the hidden half out, wide enough for efficient products.
    private const int GroupsOfRun = 8;
    private const int FewestColumns = 32;

    /// <summary>A mask.</summary>
    /// <param name="rows">Rows of the mask.</param>
    /// <param name="shown">How many first rows each column shows.</param>
    public MaskStaircase(int rows, IReadOnlyList<int> shown)
    {
        Rows = rows;
        Shown = [.. shown];
        var groups = new List<MaskGroup>();
        int corner = 0;
        for (int start = 0; start < shown.Count;)
        {
            int end = start + 1;
            while (end < shown.Count && shown[end] >= shown[end - 1])
            {
                end++;
            }

            int count = Math.Clamp((end - start) / FewestColumns, 1, GroupsOfRun);
            for (int index = 0; index < count; index++)
            {
                int first = start + (int)((long)(end - start) * index / count);
                int last = start + (int)((long)(end - start) * (index + 1) / count);
                var group = new MaskGroup(first, last - first, shown[first], shown[last - 1], corner);
                groups.Add(group);
                corner = checked(corner + (group.CornerRows * group.Columns));
            }

            start = end;
        }

        Groups = groups;
        CornerLength = corner;
    }

    /// <summary>Rows of the mask.</summary>
    public int Rows { get; }

    /// <summary>Columns of the mask.</summary>
    public int Columns => Shown.Count;

    /// <summary>How many first rows each column shows.</summary>
    public IReadOnlyList<int> Shown { get; }

    /// <summary>The groups, in the order of their columns.</summary>
    public IReadOnlyList<MaskGroup> Groups { get; }

    /// <summary>Numbers of all corners together.</summary>
    public int CornerLength { get; }

    /// <summary>The mask as ones and zeros, [1, I, O], of the type of its weight; the caller owns it.</summary>
    public torch.Tensor Ones(torch.Tensor weight)
    {
        using var scope = torch.NewDisposeScope();
        var row = TensorArithmetic.Indices(Rows, device: weight.device).unsqueeze(1);
        var shown = torch.tensor(Shown.Select(rows => (long)rows).ToArray(), device: weight.device);
        return row.lt(shown).unsqueeze(0).to(weight.dtype).DetachFromDisposeScope();
    }

    /// <summary>Of a group, how many first columns hide a row.</summary>
    public int HiddenColumns(MaskGroup group, int row)
    {
        int hidden = 0;
        while (hidden < group.Columns && Shown[group.First + hidden] <= row)
        {
            hidden++;
        }

        return hidden;
    }
}

/// <summary>Neighbouring columns of a masked weight.</summary>
/// <param name="First">The first column.</param>
/// <param name="Columns">How many.</param>
/// <param name="Open">So many first rows no column of them masks.</param>
/// <param name="End">From this row on every column of them masks; between lies their corner.</param>
/// <param name="Corner">Where the corner begins among those of all groups, each [End - Open, Columns].</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct MaskGroup(int First, int Columns, int Open, int End, int Corner)
{
    /// <summary>Rows of the corner.</summary>
    public int CornerRows => End - Open;
}
