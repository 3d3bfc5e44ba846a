using Sere.Numerics;
using TorchSharp;

namespace Sere.Networks;

/// <summary>x + convolution(activation(convolution(activation(x)))), for each of a stack (He et al. 2016).</summary>
internal sealed class ResidualBlock : torch.nn.Module
{
    private readonly NormalizedConvolution _first;
    private readonly NormalizedConvolution _second;
    private readonly Activation _activation;

    /// <summary>A stack of blocks that keep so many channels.</summary>
    public ResidualBlock(int stack, int channels, int kernel, ResidualSettings settings, ParameterInitializer initializer)
        : base(nameof(ResidualBlock))
    {
        _activation = settings.Activation;
        _first = new NormalizedConvolution(stack, channels, channels, kernel, 1, settings.Normalization, 1, initializer);
        _second = new NormalizedConvolution(
            stack, channels, channels, kernel, 1, settings.Normalization, settings.BranchGain, initializer);
        register_module("first", _first);
        register_module("second", _second);
    }

    /// <summary>[R, count channels, H, W] to the same shape.</summary>
    public torch.Tensor Forward(torch.Tensor x, int first, int count)
    {
        var hidden = _first.Forward(_activation.Apply(x), first, count);
        return x.Plus(_second.Forward(_activation.Apply(hidden), first, count));
    }
}
