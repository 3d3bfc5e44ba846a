using Sere.Bijectors;
using Sere.Distributions;
using Sere.Likelihoods;
using Sere.Models.Configuration;
using Sere.Networks;

namespace Sere.Models;

/// <summary>Builds normalizing flows from their configuration.</summary>
internal static class FlowFactory
{
    /// <summary>A flow as a model of its own.</summary>
    public static ExactModel Model(FlowModelConfiguration configuration, int dimensions, ParameterInitializer initializer) =>
        new(
            dimensions,
            new FlowDensity(
                Space(configuration.Preprocessing, dimensions, initializer),
                [Layer(configuration.Flow, dimensions, context: 0, firstStep: 0, initializer)],
                new FlowBase(configuration.Base, dimensions, [], [], Activation.Elu, initializer)));

    /// <summary>A flow of the image given the codes: layer l owns steps that see z_l.</summary>
    public static FlowLikelihood Likelihood(
        FlowDataConfiguration configuration, int dimensions, IReadOnlyList<int> latents, ParameterInitializer initializer)
    {
        var network = (MlpConfiguration)configuration.Network;
        var space = Space(configuration.Preprocessing, dimensions, initializer);
        FlowLayer[] layers =
        [
            .. latents.Select((size, layer) => Layer(
                configuration.Flow, dimensions, size, layer * configuration.Flow.Steps, initializer)),
        ];
        return new FlowLikelihood(
            dimensions,
            new FlowDensity(
                space,
                layers,
                new FlowBase(configuration.Base, dimensions, latents, network.Hidden, network.Activation, initializer)));
    }

    private static DataSpace Space(
        PreprocessingConfiguration configuration, int dimensions, ParameterInitializer initializer) => configuration switch
        {
            LogitConfiguration logit => new DataSpace(logit.Alpha, logit.Normalization, dimensions, initializer),
            StandardizeConfiguration => new DataSpace(null, DataNormalization.Standardize, dimensions, initializer),
            WhitenConfiguration => new DataSpace(null, DataNormalization.Whiten, dimensions, initializer),
            NoPreprocessingConfiguration => new DataSpace(null, DataNormalization.None, dimensions, initializer),
            _ => throw PartsFactory.Unknown("Preprocessings", configuration),
        };

    private static FlowLayer Layer(
        FlowConfiguration configuration, int dimensions, int context, int firstStep, ParameterInitializer initializer)
    {
        var steps = new List<AmortizedBijector>();
        for (int step = 0; step < configuration.Steps; step++)
        {
            steps.Add(configuration switch
            {
                SplineCouplingFlowConfiguration spline => new NeuralSplineCouplingLayer(
                    dimensions,
                    context,
                    steps: 2,
                    new SplineSettings(spline.Bins, spline.TailBound),
                    configuration.Network.Design(),
                    LatentGrid.None,
                    initializer),
                SplineAutoregressiveFlowConfiguration spline => new NeuralSplineAutoregressiveLayer(
                    dimensions,
                    context,
                    new SplineSettings(spline.Bins, spline.TailBound),
                    Perceptrons(configuration).Hidden,
                    Perceptrons(configuration).Activation,
                    initializer,
                    firstStep + step),
                MaskedAutoregressiveFlowConfiguration => new MaskedAutoregressiveLayer(
                    dimensions,
                    context,
                    Perceptrons(configuration).Hidden,
                    Perceptrons(configuration).Activation,
                    initializer,
                    firstStep + step),
                _ => throw PartsFactory.Unknown("Flows", configuration),
            });
            if (configuration.BatchNormalization)
            {
                steps.Add(new BatchNormalizationLayer(dimensions, initializer));
            }

            steps.AddRange(Order(configuration.Permutation, dimensions, initializer));
        }

        return new FlowLayer(steps);
    }

    private static MlpConfiguration Perceptrons(FlowConfiguration configuration) => (MlpConfiguration)configuration.Network;

    private static IEnumerable<AmortizedBijector> Order(
        FlowPermutation permutation, int dimensions, ParameterInitializer initializer) => permutation switch
        {
            FlowPermutation.Reverse => [new ReversalLayer()],
            FlowPermutation.Random => [new PermutationLayer(dimensions, initializer)],
            FlowPermutation.Linear =>
                [new PermutationLayer(dimensions, initializer), new TriangularLinearLayer(dimensions, initializer)],
            FlowPermutation.None => [],
        };
}
