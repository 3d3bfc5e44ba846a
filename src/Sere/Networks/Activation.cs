using Sere.Numerics;
using Sere.Numerics.Kernels;
using TorchSharp;

namespace Sere.Networks;

/// <summary>The nonlinearity between the layers of a network.</summary>
public enum Activation
{
    /// <summary>Exponential linear unit.</summary>
    Elu,

    /// <summary>x sigmoid(x), also called swish.</summary>
    Silu,

    /// <summary>Rectified linear unit.</summary>
    Relu,

    /// <summary>Leaky rectified linear unit with slope 0.01.</summary>
    LeakyRelu,

    /// <summary>Hyperbolic tangent.</summary>
    Tanh,
}

/// <summary>Applies an <see cref="Activation"/>.</summary>
internal static class ActivationExtensions
{
    /// <summary>The activation of each element of <paramref name="x"/>.</summary>
    public static torch.Tensor Apply(this Activation activation, torch.Tensor x) => activation switch
    {
        Activation.Elu => x.Elu(),
        Activation.Silu => torch.nn.functional.silu(x),
        Activation.Relu => torch.nn.functional.relu(x),
        Activation.LeakyRelu => x.LeakyRelu(0.01),
        Activation.Tanh => torch.tanh(x),
    };

    /// <summary>The kernels of an activation; of none for null.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The slope of the activation does not follow from its value.</exception>
    public static ActivationRows Rows(this Activation? activation) => activation switch
    {
        null => ActivationRows.Of<IdentityKernel>(),
        Activation.Elu => ActivationRows.Of<EluKernel>(),
        Activation.Relu => ActivationRows.Of<ReluKernel>(),
        Activation.LeakyRelu => ActivationRows.Of<LeakyReluKernel>(),
        Activation.Tanh => ActivationRows.Of<TanhKernel>(),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "The kernels do not know it."),
    };
}
