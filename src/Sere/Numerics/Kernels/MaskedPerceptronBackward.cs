using TorchSharp;

namespace Sere.Numerics.Kernels;

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
