using Sere.Networks;

namespace Sere.Bijectors;

/// <summary>Which bijector a layer of latents has, and how it is built.</summary>
public sealed record BijectorSettings
{
    // Small enough that a layer starts near its identity, large enough that every direction has a gradient.
    private const double HeadGain = 0.1;

    /// <summary>The map.</summary>
    public BijectorKind Kind { get; init; } = BijectorKind.RankOneAffine;

    /// <summary>The network that gives its parameters; perceptrons for each step of a flow.</summary>
    public NetworkDesign Network { get; init; } = new PerceptronDesign([100, 100]);

    /// <summary>The grid on which the latents lie.</summary>
    public LatentGrid Grid { get; init; } = LatentGrid.None;

    /// <summary>Lower bound of the diagonal of an affine map.</summary>
    public double DiagonalFloor { get; init; } = 0.05;

    /// <summary>Upper bound of the diagonal of an affine map.</summary>
    public double DiagonalCeiling { get; init; } = 2;

    /// <summary>Steps of an inverse autoregressive flow, or couplings of a spline flow.</summary>
    public int FlowSteps { get; init; } = 1;

    /// <summary>Lower bound of the gate of such a step.</summary>
    public double GateFloor { get; init; } = 0.05;

    /// <summary>The splines of a spline flow.</summary>
    public SplineSettings Splines { get; init; } = new(8, 3);

    /// <summary>The bijector with freshly drawn parameters.</summary>
    /// <param name="latents">N.</param>
    /// <param name="context">Size of the context; 0 for learned constants.</param>
    /// <param name="initializer">Draws the parameters.</param>
    /// <param name="source">
    /// Makes the network of an affine map from its input, output and initial gain; null for one of its own.
    /// </param>
    public AmortizedBijector Create(
        int latents,
        int context,
        ParameterInitializer initializer,
        Func<FeatureShape, FeatureShape, double, ParameterNetwork>? source = null)
    {
        ArgumentNullException.ThrowIfNull(initializer);
        source ??= (input, output, gain) => Network.Create(input, output, initializer, gain);
        ContextNetwork Parameters(int perLatent) => context > 0
            ? new ContextNetwork(source(Grid.Shape(context), Grid.Shape(perLatent * latents), HeadGain))
            : new ContextNetwork(initializer.Normal(HeadGain, perLatent * latents));

        return Kind switch
        {
            BijectorKind.Identity => new IdentityLayer(),
            BijectorKind.DiagonalAffine => new DiagonalAffineLayer(Parameters(2), DiagonalFloor, DiagonalCeiling),
            BijectorKind.RankOneAffine => new RankOneAffineLayer(latents, Parameters(3), DiagonalFloor, DiagonalCeiling),
            BijectorKind.InverseAutoregressive when Network is PerceptronDesign design => new InverseAutoregressiveLayer(
                latents, context, FlowSteps, design.Hidden, design.Activation, GateFloor, initializer),
            BijectorKind.InverseAutoregressive => throw new InvalidOperationException(
                "The steps of an inverse autoregressive flow are masked perceptrons."),
            BijectorKind.SplineCoupling => new NeuralSplineCouplingLayer(
                latents, context, FlowSteps, Splines, Network, Grid, initializer),
        };
    }
}

/// <summary>Which map f_l takes the base latents of a layer to its code.</summary>
public enum BijectorKind
{
    /// <summary>z = eps.</summary>
    Identity,

    /// <summary>z = c + diag(d) eps.</summary>
    DiagonalAffine,

    /// <summary>z = c + (diag(d) + u u^T) eps, the paper's (section 3.1).</summary>
    RankOneAffine,

    /// <summary>An inverse autoregressive flow (Kingma et al. 2016).</summary>
    InverseAutoregressive,

    /// <summary>A neural spline flow of coupling transformations (Durkan et al. 2019).</summary>
    SplineCoupling,
}
