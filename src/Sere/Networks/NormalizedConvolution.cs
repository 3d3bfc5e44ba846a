using TorchSharp;

namespace Sere.Networks;

/// <summary>A convolution of a stack with what keeps its outputs at one scale.</summary>
internal sealed class NormalizedConvolution : torch.nn.Module
{
    private readonly StackedConvolution _convolution;
    private readonly BatchNormalization? _batch;
    private readonly int _outputs;

    /// <summary>A stack of convolutions, batch-normalized where asked.</summary>
    public NormalizedConvolution(
        int stack, int inputs, int outputs, int kernel, int stride, Normalization normalization, double gain, ParameterInitializer initializer)
        : base(nameof(NormalizedConvolution))
    {
        _outputs = outputs;
        _convolution = new StackedConvolution(
            stack, inputs, outputs, kernel, stride, normalization == Normalization.Weight, gain, initializer);
        register_module("convolution", _convolution);
        if (normalization == Normalization.Batch)
        {
            _batch = new BatchNormalization(stack * outputs, initializer, gain);
            register_module("norm", _batch);
        }
    }

    /// <summary>As <see cref="StackedConvolution.Forward"/>.</summary>
    public torch.Tensor Forward(torch.Tensor x, int first, int count)
    {
        var y = _convolution.Forward(x, first, count);
        return _batch is null ? y : _batch.Forward(y, first * _outputs, count * _outputs);
    }
}
