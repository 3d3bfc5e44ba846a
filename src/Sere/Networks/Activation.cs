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
