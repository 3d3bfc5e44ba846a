using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>The parts of the backward pass of a layer of perceptrons, one layer of the stack at a time.</summary>
internal sealed unsafe class PerceptronBackward
{
    private readonly PerceptronSizes _sizes;
    private readonly ActivationRows _activation;
    private readonly ProductPrecision _precision = ProductPrecisionScope.Current;
    private readonly float* _gradient;
    private readonly float* _values;
    private readonly float* _inputs;
    private readonly float* _weights;
    private readonly float* _before;
    private readonly float* _biasGradient;
    private readonly float* _weightGradient;
    private readonly float* _inputGradient;
    private readonly long _inputStride;

    /// <summary>The memory of tensors that the caller keeps alive.</summary>
    public PerceptronBackward(
        PerceptronSizes sizes,
        ActivationRows activation,
        torch.Tensor gradient,
        torch.Tensor? values,
        torch.Tensor inputs,
        torch.Tensor weights,
        PerceptronGradients result)
    {
        _sizes = sizes;
        _activation = activation;
        _gradient = FloatMemory.Of(gradient);
        _values = values is null ? null : FloatMemory.Of(values);
        _inputs = FloatMemory.OfFirst(inputs);
        _inputStride = sizes.InputStride(inputs);
        _weights = FloatMemory.Of(weights);
        _before = FloatMemory.Of(result.BeforeActivation);
        _biasGradient = FloatMemory.Of(result.Bias);
        _weightGradient = FloatMemory.Of(result.Weight);
        _inputGradient = result.Input is null ? null : FloatMemory.Of(result.Input);
    }

    private long ValueLength => (long)_sizes.Rows * _sizes.Outputs;

    /// <summary>All gradients of a layer.</summary>
    public void All(int layer)
    {
        BeforeActivation(layer);
        Weight(layer);
        if (_inputGradient != null)
        {
            Input(layer);
        }
    }

    /// <summary>The gradient before the activation, and the bias's.</summary>
    public void BeforeActivation(int layer) => _activation.Backward(
        _gradient + (layer * ValueLength),
        _values == null ? null : _values + (layer * ValueLength),
        _before + (layer * ValueLength),
        _biasGradient + ((long)layer * _sizes.Outputs),
        _sizes.Rows,
        _sizes.Outputs);

    /// <summary>The weight's gradient, from that before the activation.</summary>
    public void Weight(int layer)
    {
        float* inputs = _inputs + (layer * _inputStride);
        float* before = _before + (layer * ValueLength);
        float* target = _weightGradient + (layer * _sizes.WeightLength);
        if (_sizes.WeightIsTransposed)
        {
            Blas.Multiply(before, true, inputs, false, target, _sizes.Outputs, _sizes.Rows, _sizes.Inputs, _precision);
        }
        else
        {
            Blas.Multiply(inputs, true, before, false, target, _sizes.Inputs, _sizes.Rows, _sizes.Outputs, _precision);
        }
    }

    /// <summary>The input's gradient, from that before the activation.</summary>
    public void Input(int layer) => Blas.Multiply(
        _before + (layer * ValueLength),
        false,
        _weights + (layer * _sizes.WeightLength),
        !_sizes.WeightIsTransposed,
        _inputGradient + ((long)layer * _sizes.Rows * _sizes.Inputs),
        _sizes.Rows,
        _sizes.Outputs,
        _sizes.Inputs,
        _precision);
}
