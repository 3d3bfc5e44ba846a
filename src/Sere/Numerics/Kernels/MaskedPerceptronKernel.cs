using System.Runtime.InteropServices;
using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>
/// a(x (W * mask) + bias + addend) of one layer, and its gradients, without the products that a <see cref="MaskStaircase"/>
/// makes zero. How the work is cut depends on sizes alone, so that the bits do not depend on the threads.
/// </summary>
internal static unsafe class MaskedPerceptronKernel
{
    /// <summary>The corners of a weight [I, O] with their masks applied, one behind the other.</summary>
    public static torch.Tensor Corners(torch.Tensor weight, MaskStaircase mask)
    {
        var corners = torch.empty(mask.CornerLength);
        nint weights = (nint)FloatMemory.Of(weight);
        nint target = (nint)FloatMemory.OfFirst(corners);
        ParallelWork.For(mask.Groups.Count, mask.CornerLength, piece =>
        {
            var group = mask.Groups[piece];
            for (int row = group.Open; row < group.End; row++)
            {
                float* line = (float*)target + group.Corner + ((long)(row - group.Open) * group.Columns);
                int hidden = mask.HiddenColumns(group, row);
                new Span<float>(line, hidden).Clear();
                new Span<float>(
                    (float*)weights + ((long)row * mask.Columns) + group.First + hidden, group.Columns - hidden)
                    .CopyTo(new Span<float>(line + hidden, group.Columns - hidden));
            }
        });
        GC.KeepAlive((weight, corners));
        return corners;
    }

    /// <summary>The layer's values, [R, O].</summary>
    /// <param name="x">[R, I], contiguous.</param>
    /// <param name="weight">[I, O], contiguous.</param>
    /// <param name="corners">From <see cref="Corners"/>.</param>
    /// <param name="mask">What is left out of the weight.</param>
    /// <param name="bias">[O], contiguous; or null.</param>
    /// <param name="addend">[B, O], contiguous, where R is a multiple of B; or null.</param>
    /// <param name="activation">a.</param>
    public static torch.Tensor Forward(
        torch.Tensor x,
        torch.Tensor weight,
        torch.Tensor corners,
        MaskStaircase mask,
        torch.Tensor? bias,
        torch.Tensor? addend,
        ActivationRows activation)
    {
        int rows = (int)x.shape[0];
        var y = torch.empty(rows, mask.Columns);
        int addendRows = addend is null ? 1 : (int)(addend.numel() / mask.Columns);
        nint inputs = (nint)FloatMemory.Of(x);
        nint weights = (nint)FloatMemory.Of(weight);
        nint corner = (nint)FloatMemory.OfFirst(corners);
        nint values = (nint)FloatMemory.Of(y);
        nint biases = bias is null ? 0 : (nint)FloatMemory.Of(bias);
        nint addends = addend is null ? 0 : (nint)FloatMemory.Of(addend);
        int blocks = PerceptronKernel.Blocks(1, rows);
        ParallelWork.For(blocks, Elements(x, mask), piece =>
        {
            int first = (int)((long)rows * piece / blocks);
            int last = (int)((long)rows * (piece + 1) / blocks);
            float* source = (float*)inputs + ((long)first * mask.Rows);
            float* target = (float*)values + ((long)first * mask.Columns);
            foreach (var group in mask.Groups)
            {
                var product = new BlasMatrix(target + group.First, mask.Columns);
                if (group.End == 0)
                {
                    Clear(product, last - first, group.Columns);
                    continue;
                }

                if (group.Open > 0)
                {
                    Blas.Multiply(
                        new BlasMatrix(source, mask.Rows),
                        new BlasMatrix((float*)weights + group.First, mask.Columns),
                        product,
                        last - first,
                        group.Open,
                        group.Columns,
                        accumulates: false);
                }

                if (group.CornerRows > 0)
                {
                    Blas.Multiply(
                        new BlasMatrix(source + group.Open, mask.Rows),
                        new BlasMatrix((float*)corner + group.Corner, group.Columns),
                        product,
                        last - first,
                        group.CornerRows,
                        group.Columns,
                        accumulates: group.Open > 0);
                }
            }

            activation.Forward(
                (float*)values, (float*)biases, (float*)addends, addendRows, first, last, mask.Columns);
        });
        GC.KeepAlive((x, weight, corners, bias, addend, y));
        return y;
    }

    /// <summary>The gradients.</summary>
    /// <param name="gradient">Gradient of the values, contiguous.</param>
    /// <param name="y">The values; null for the identity, which does not need them.</param>
    /// <param name="x">As in the forward pass.</param>
    /// <param name="weight">As in the forward pass.</param>
    /// <param name="corners">As in the forward pass.</param>
    /// <param name="mask">As in the forward pass.</param>
    /// <param name="needsInput">Whether the gradient of x is asked for.</param>
    /// <param name="activation">a.</param>
    public static PerceptronGradients Backward(
        torch.Tensor gradient,
        torch.Tensor? y,
        torch.Tensor x,
        torch.Tensor weight,
        torch.Tensor corners,
        MaskStaircase mask,
        bool needsInput,
        ActivationRows activation)
    {
        var result = new PerceptronGradients(
            y is null ? gradient : torch.empty_like(gradient),
            torch.empty(mask.Columns),
            torch.empty_like(weight),
            needsInput ? torch.empty_like(x) : null);
        var work = new MaskedPerceptronBackward(mask, gradient, y, x, weight, corners, result, activation);
        int columnBlocks = (mask.Columns + ActivationRows.ColumnBlock - 1) / ActivationRows.ColumnBlock;
        ParallelWork.For(columnBlocks, gradient.numel(), work.BeforeActivation);
        int rowBlocks = needsInput ? PerceptronKernel.Blocks(1, (int)x.shape[0]) : 0;
        ParallelWork.For(
            rowBlocks + mask.Groups.Count,
            (needsInput ? 2 : 1) * Elements(x, mask),
            piece =>
            {
                // The largest pieces first, so that no thread ends long after the others.
                if (piece < rowBlocks)
                {
                    work.Input(piece, rowBlocks);
                }
                else
                {
                    work.Weight(mask.Groups[mask.Groups.Count - 1 - (piece - rowBlocks)]);
                }
            });
        GC.KeepAlive((gradient, y, x, weight, corners, result));
        return result;
    }

    /// <summary>Makes a part of a matrix zero.</summary>
    public static void Clear(BlasMatrix matrix, int rows, int columns)
    {
        for (int row = 0; row < rows; row++)
        {
            new Span<float>(matrix.Start + ((long)row * matrix.Stride), columns).Clear();
        }
    }

    private static long Elements(torch.Tensor x, MaskStaircase mask) =>
        x.shape[0] * mask.Rows * mask.Columns / PerceptronKernel.OperationsPerElement;
}

/// <summary>The parts of the backward pass of a masked layer.</summary>
internal sealed unsafe class MaskedPerceptronBackward
{
    private readonly MaskStaircase _mask;
    private readonly ActivationRows _activation;
    private readonly int _rows;
    private readonly float* _gradient;
    private readonly float* _values;
    private readonly float* _inputs;
    private readonly float* _weights;
    private readonly float* _corners;
    private readonly float* _before;
    private readonly float* _biasGradient;
    private readonly float* _weightGradient;
    private readonly float* _inputGradient;

    /// <summary>The memory of tensors that the caller keeps alive.</summary>
    public MaskedPerceptronBackward(
        MaskStaircase mask,
        torch.Tensor gradient,
        torch.Tensor? values,
        torch.Tensor inputs,
        torch.Tensor weights,
        torch.Tensor corners,
        PerceptronGradients result,
        ActivationRows activation)
    {
        _mask = mask;
        _activation = activation;
        _rows = (int)inputs.shape[0];
        _gradient = FloatMemory.Of(gradient);
        _values = values is null ? null : FloatMemory.Of(values);
        _inputs = FloatMemory.Of(inputs);
        _weights = FloatMemory.Of(weights);
        _corners = FloatMemory.OfFirst(corners);
        _before = FloatMemory.Of(result.BeforeActivation);
        _biasGradient = FloatMemory.Of(result.Bias);
        _weightGradient = FloatMemory.Of(result.Weight);
        _inputGradient = result.Input is null ? null : FloatMemory.Of(result.Input);
    }

    /// <summary>The gradient before the activation, and the bias's, of a block of columns.</summary>
    public void BeforeActivation(int block) => _activation.BackwardColumns(
        _gradient, _values, _before, _biasGradient, _rows, _mask.Columns, block * ActivationRows.ColumnBlock);

    /// <summary>The weight's gradient in the columns of a group: zero where they are masked.</summary>
    public void Weight(MaskGroup group)
    {
        float* target = _weightGradient + group.First;
        if (group.End > 0)
        {
            Blas.Multiply(
                new BlasMatrix(_inputs, _mask.Rows, isTransposed: true),
                new BlasMatrix(_before + group.First, _mask.Columns),
                new BlasMatrix(target, _mask.Columns),
                group.End,
                _rows,
                group.Columns,
                accumulates: false);
        }

        for (int row = group.Open; row < group.End; row++)
        {
            new Span<float>(target + ((long)row * _mask.Columns), _mask.HiddenColumns(group, row)).Clear();
        }

        MaskedPerceptronKernel.Clear(
            new BlasMatrix(target + ((long)group.End * _mask.Columns), _mask.Columns),
            _mask.Rows - group.End,
            group.Columns);
    }

    /// <summary>The input's gradient in a block of rows.</summary>
    public void Input(int block, int blocks)
    {
        int first = (int)((long)_rows * block / blocks);
        int count = (int)((long)_rows * (block + 1) / blocks) - first;
        float* target = _inputGradient + ((long)first * _mask.Rows);
        MaskedPerceptronKernel.Clear(new BlasMatrix(target, _mask.Rows), count, _mask.Rows);
        foreach (var group in _mask.Groups)
        {
            var before = new BlasMatrix(_before + ((long)first * _mask.Columns) + group.First, _mask.Columns);
            if (group.Open > 0)
            {
                Blas.Multiply(
                    before,
                    new BlasMatrix(_weights + group.First, _mask.Columns, isTransposed: true),
                    new BlasMatrix(target, _mask.Rows),
                    count,
                    group.Columns,
                    group.Open,
                    accumulates: true);
            }

            if (group.CornerRows > 0)
            {
                Blas.Multiply(
                    before,
                    new BlasMatrix(_corners + group.Corner, group.Columns, isTransposed: true),
                    new BlasMatrix(target + group.Open, _mask.Rows),
                    count,
                    group.Columns,
                    group.CornerRows,
                    accumulates: true);
            }
        }
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
