using System.Text.Json.Serialization;
using Sere.Networks;

namespace Sere.Bijectors;

/// <summary>The steps of a normalizing flow.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = KindMember)]
[JsonDerivedType(typeof(MaskedAutoregressiveFlow), "maf")]
[JsonDerivedType(typeof(SplineCouplingFlow), "spline-coupling")]
[JsonDerivedType(typeof(SplineAutoregressiveFlow), "spline-autoregressive")]
public abstract record FlowChoice : Choice
{
    /// <summary>The network of a step; masked in autoregressive ones.</summary>
    [JsonPropertyOrder(-1)] public NetworkDesign Network { get; init; } = new PerceptronDesign();

    /// <summary>Steps; as a likelihood, as many for each layer of latents.</summary>
    [JsonPropertyOrder(-1), In("[1, 1000]")] public int Steps { get; init; } = 5;

    /// <summary>What brings the dimensions into another order behind each step.</summary>
    [JsonPropertyOrder(-1)] public FlowPermutation Permutation { get; init; } = FlowPermutation.Reverse;

    /// <summary>Whether batch normalization stands behind each step.</summary>
    [JsonPropertyOrder(-1)] public bool BatchNormalization { get; init; }

    /// <summary>The steps with freshly drawn parameters, in the direction from data to noise.</summary>
    /// <param name="dimensions">D.</param>
    /// <param name="context">Size of the context; 0 for none.</param>
    /// <param name="firstStep">How many steps of the flow come before.</param>
    /// <param name="initializer">Draws the parameters.</param>
    internal FlowLayer Build(int dimensions, int context, int firstStep, ParameterInitializer initializer)
    {
        var steps = new List<AmortizedBijector>();
        for (int step = firstStep; step < firstStep + Steps; step++)
        {
            steps.Add(Step(dimensions, context, step, initializer));
            if (BatchNormalization)
            {
                steps.Add(new BatchNormalizationLayer(dimensions, initializer));
            }

            steps.AddRange(Order(dimensions, initializer));
        }

        return new FlowLayer(steps);
    }

    internal override void CheckTogether(string path)
    {
        if (IsMasked)
        {
            Network.RequirePerceptrons($"{path}.network");
        }
    }

    /// <summary>Statistics of batches would not be those of the codes.</summary>
    internal void RequireNoBatchNormalization(string path, string place) => Require(
        !BatchNormalization,
        $"{path}.batchNormalization",
        "true",
        $"false in {place}, whose statistics would not be those of the codes");

    /// <summary>One step.</summary>
    private protected abstract AmortizedBijector Step(
        int dimensions, int context, int step, ParameterInitializer initializer);

    /// <summary>Whether the network is masked.</summary>
    private protected virtual bool IsMasked => true;

    /// <summary>The network of a masked step.</summary>
    private protected PerceptronDesign Perceptrons => (PerceptronDesign)Network;

    private AmortizedBijector[] Order(int dimensions, ParameterInitializer initializer) => Permutation switch
    {
        FlowPermutation.None => [],
        FlowPermutation.Reverse => [new ReversalLayer()],
        FlowPermutation.Random => [new PermutationLayer(dimensions, initializer)],
        FlowPermutation.Linear =>
            [new PermutationLayer(dimensions, initializer), new TriangularLinearLayer(dimensions, initializer)],
    };
}

/// <summary>
/// A normalizing flow from base variables to the code, its steps in their parallel direction: a posterior of neural spline
/// flows, for instance (Durkan et al. 2019). JSON kind "flow".
/// </summary>
public sealed record FlowBijector : BijectorChoice
{
    /// <summary>Its steps, all of which see the context.</summary>
    public FlowChoice Flow { get; init; } = new SplineCouplingFlow();

    internal override void CheckTogether(string path) => Flow.RequireNoBatchNormalization($"{path}.flow", "a bijector");

    internal override AmortizedBijector Build(BijectorSlot slot) =>
        Flow.Build(slot.Latents, slot.Context, firstStep: 0, slot.Initializer);
}

/// <summary>A masked autoregressive flow of affine steps (Papamakarios et al. 2017). JSON kind "maf".</summary>
public sealed record MaskedAutoregressiveFlow : FlowChoice
{
    private protected override AmortizedBijector Step(
        int dimensions, int context, int step, ParameterInitializer initializer) => new MaskedAutoregressiveLayer(
            dimensions, context, Perceptrons.Hidden, Perceptrons.Activation, initializer, step);
}

/// <summary>Steps of rational-quadratic splines (Durkan et al. 2019).</summary>
public abstract record SplineFlow : FlowChoice
{
    /// <summary>Bins of each spline.</summary>
    [In("[1, 1000]")] public int Bins { get; init; } = 8;

    /// <summary>The splines map the interval from -tailBound to tailBound, and nothing outside it.</summary>
    [In("(0, 1000000]")] public double TailBound { get; init; } = 3;

    /// <summary>The form of the splines.</summary>
    private protected SplineSettings Splines => new(Bins, TailBound);
}

/// <summary>
/// A neural spline flow of coupling transformations; a step is two couplings. JSON kind "spline-coupling".
/// </summary>
public sealed record SplineCouplingFlow : SplineFlow
{
    private const int Couplings = 2;

    private protected override bool IsMasked => false;

    private protected override AmortizedBijector Step(
        int dimensions, int context, int step, ParameterInitializer initializer) => new NeuralSplineCouplingLayer(
            dimensions, context, Couplings, Splines, Network, LatentGrid.None, initializer);
}

/// <summary>A neural spline flow of autoregressive transformations. JSON kind "spline-autoregressive".</summary>
public sealed record SplineAutoregressiveFlow : SplineFlow
{
    private protected override AmortizedBijector Step(
        int dimensions, int context, int step, ParameterInitializer initializer) => new NeuralSplineAutoregressiveLayer(
            dimensions, context, Splines, Perceptrons.Hidden, Perceptrons.Activation, initializer, step);
}

/// <summary>What stands between two steps of a flow, so that another part of the dimensions comes first.</summary>
public enum FlowPermutation
{
    /// <summary>The order of the dimensions is kept.</summary>
    None,

    /// <summary>The order is reversed.</summary>
    Reverse,

    /// <summary>A random order, drawn from the seed of the run.</summary>
    Random,

    /// <summary>A random order and a linear map with LU parameters that are learned.</summary>
    Linear,
}
