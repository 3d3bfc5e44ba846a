using Sere.Numerics;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace Sere.Networks;

/// <summary>
/// The affine map from the last features of a stack to its outputs: dense onto a vector, place by place onto the
/// same grid, a sub-pixel convolution (Shi et al. 2016) onto a finer one. Onto a grid each output has a bias of its own too,
/// since what a pixel is on average depends on its place.
/// </summary>
internal sealed class ConvolutionalHead : torch.nn.Module
{
    private readonly StackedConvolution _convolution;
    private readonly Parameter? _bias;
    private readonly FeatureShape _output;
    private readonly int _factor;

    /// <summary>A stack of heads.</summary>
    /// <exception cref="UsageException">The output's grid is coarser than that of the features.</exception>
    public ConvolutionalHead(
        int stack,
        FeatureShape features,
        FeatureShape output,
        ResidualSettings settings,
        ParameterInitializer initializer,
        double gain)
        : base(nameof(ConvolutionalHead))
    {
        _output = output;
        bool isNormalized = settings.Normalization == Normalization.Weight;
        if (output.IsVector)
        {
            _convolution = new StackedConvolution(stack, features.Size, output.Size, 1, 1, isNormalized, gain, initializer);
        }
        else
        {
            _factor = Math.Max(Ratio(output.Height, features.Height), Ratio(output.Width, features.Width));
            if (features.Height * _factor < output.Height || features.Width * _factor < output.Width
                || features.Height > output.Height || features.Width > output.Width)
            {
                throw new UsageException(
                    $"The last features of a residual network lie on a {features.Height}x{features.Width} grid and cannot become "
                    + $"{output.Height}x{output.Width}; change the stride or the number of widths of the network.");
            }

            _convolution = new StackedConvolution(
                stack, features.Channels, output.Channels * _factor * _factor, _factor == 1 ? 1 : settings.Kernel, 1, isNormalized, gain, initializer);
            _bias = initializer.Constant(0, (long)stack * output.Channels, output.Height, output.Width);
            register_parameter("output_bias", _bias);
        }

        register_module("convolution", _convolution);
    }

    /// <summary>[R, count channels, h, w] to flat outputs [count, R, outputs].</summary>
    public torch.Tensor Forward(torch.Tensor features, int first, int count)
    {
        if (_bias is null)
        {
            var vector = features.reshape(features.shape[0], -1, 1, 1);
            return StackedGrid.ToFlat(_convolution.Forward(vector, first, count), count);
        }

        var y = _convolution.Forward(features, first, count);
        y = ResidualStage.Crop(_factor == 1 ? y : functional.pixel_shuffle(y, _factor), _output);
        var bias = _bias.narrow(0, (long)first * _output.Channels, (long)count * _output.Channels);
        return StackedGrid.ToFlat(y.Plus(bias), count);
    }

    /// <summary>Sets what each output is where all weights are zero, [S, 1, outputs].</summary>
    public void InitializeOutput(torch.Tensor values)
    {
        if (_bias is null)
        {
            _convolution.InitializeBias(values);
            return;
        }

        _bias.copy_(values.view(_bias.shape));
    }

    private static int Ratio(int length, int from) => (length + from - 1) / from;
}
