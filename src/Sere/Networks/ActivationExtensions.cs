using TorchSharp;

namespace Sere.Networks;

/// <summary>Applies an <see cref="Activation"/>.</summary>
internal static class ActivationExtensions
{
    /// <summary>The activation of each element of <paramref name="x"/>.</summary>
    public static torch.Tensor Apply(this Activation activation, torch.Tensor x) => activation switch
    {
        Activation.Elu => torch.nn.functional.elu(x, 1.0),
        Activation.Silu => torch.nn.functional.silu(x),
        Activation.Relu => torch.nn.functional.relu(x),
        Activation.LeakyRelu => torch.nn.functional.leaky_relu(x, 0.01),
        Activation.Tanh => torch.tanh(x),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "Unknown activation."),
    };
}
