namespace Sere.Models.Configuration;

/// <summary>The nonlinearity between two linear maps of a network.</summary>
public enum Activation
{
    /// <summary>Exponential linear unit; JSON "elu".</summary>
    Elu,

    /// <summary>Sigmoid-weighted linear unit (swish); JSON "silu".</summary>
    Silu,

    /// <summary>Rectified linear unit; JSON "relu".</summary>
    Relu,

    /// <summary>Rectified linear unit with a small slope below zero; JSON "leaky-relu".</summary>
    LeakyRelu,

    /// <summary>Hyperbolic tangent; JSON "tanh".</summary>
    Tanh,
}
