using Sere.Bijectors;
using Sere.Data;
using Sere.Distributions;
using Sere.Hierarchies;
using Sere.Kernels;
using Sere.Likelihoods;
using Sere.Models.Configuration;
using Sere.Networks;
using Sere.Partitions;
using TorchSharp;

namespace Sere.Models;

/// <summary>Builds models from their configuration.</summary>
public static class ModelFactory
{
    /// <summary>A model of images with freshly drawn parameters.</summary>
    /// <param name="configuration">What to build.</param>
    /// <param name="shape">Shape of an image; of height 1 it is a plain vector.</param>
    /// <param name="seed">Seed of the initial parameters.</param>
    /// <param name="type">Floating-point type of the parameters.</param>
    /// <param name="device">Where the model is; null for the CPU. A model does not move: make it where it is used.</param>
    /// <exception cref="UsageException">The configuration does not fit the data.</exception>
    public static DensityModel Create(
        ModelConfiguration configuration,
        ImageShape shape,
        long seed,
        torch.ScalarType type = torch.ScalarType.Float32,
        torch.Device? device = null) => Create(
            configuration,
            Features(shape),
            seed,
            type,
            device);

    /// <summary>A model of vectors of D dimensions with freshly drawn parameters, as for images.</summary>
    /// <exception cref="UsageException">The configuration does not fit the data.</exception>
    public static DensityModel Create(
        ModelConfiguration configuration,
        int dimensions,
        long seed,
        torch.ScalarType type = torch.ScalarType.Float32,
        torch.Device? device = null) => Create(configuration, FeatureShape.Vector(dimensions), seed, type, device);

    /// <summary>A model of images whose parameters are to be loaded: none are drawn.</summary>
    /// <exception cref="UsageException">The configuration does not fit the data.</exception>
    internal static DensityModel CreateToLoad(
        ModelConfiguration configuration, ImageShape shape, long seed, torch.Device? device) =>
        Create(configuration, Features(shape), new ParameterInitializer(seed, device: device) { IsLoaded = true });

    /// <summary>A model with freshly drawn parameters of data that stand for channels of a grid, or for a vector.</summary>
    /// <exception cref="UsageException">The configuration does not fit the data.</exception>
    public static DensityModel Create(
        ModelConfiguration configuration,
        FeatureShape image,
        long seed,
        torch.ScalarType type = torch.ScalarType.Float32,
        torch.Device? device = null) => Create(configuration, image, new ParameterInitializer(seed, type, device));

    private static FeatureShape Features(ImageShape shape) => shape.Height == 1
        ? FeatureShape.Vector(shape.Dimensions)
        : new FeatureShape(shape.Channels, shape.Height, shape.Width);

    private static DensityModel Create(
        ModelConfiguration configuration, FeatureShape image, ParameterInitializer initializer) => configuration switch
        {
            VariationalModelConfiguration variational => CreateVariational(variational, image, initializer),
            FlowPosteriorModelConfiguration posterior => CreateFlowPosterior(posterior, image, initializer),
            LadderModelConfiguration ladder => CreateLadder(ladder, image, initializer),
            RelaxedBernoulliModelConfiguration relaxed => CreateRelaxedBernoulli(relaxed, image, initializer),
            FlowModelConfiguration flow => FlowFactory.Model(flow, image.Size, initializer),
            _ => throw PartsFactory.Unknown("Models", configuration),
        };

    private static VariationalModel CreateVariational(
        VariationalModelConfiguration configuration,
        FeatureShape image,
        ParameterInitializer initializer)
    {
        int[] latents = configuration.Latents.ForLayers(configuration.Layers);
        var graph = configuration.Partition is CheckerboardPartitionConfiguration { Graph: CheckerboardGraph.Grid } grid
            ? CouplingGraph.Grid(grid.Stride, grid.Stride)
            : CouplingGraph.Chain(configuration.Layers);
        var hierarchy = CreateHierarchy(configuration, latents, graph, initializer);
        var encoder = PartsFactory.Encoder(
            configuration.Evidence, configuration.Layers, image, Grid(configuration).Shape(hierarchy.FeatureSize), initializer);
        return new VariationalModel(
            encoder,
            hierarchy,
            configuration.Data is FlowDataConfiguration flow
                ? FlowFactory.Likelihood(flow, image.Size, latents, initializer)
            : configuration.Partition is WholePartitionConfiguration whole
                ? PartsFactory.DenseLikelihood(configuration.Data, whole.Codes, image, latents, initializer)
                : CreateBlockwiseLikelihood(configuration, image, latents, graph, initializer));
    }

    private static SelfReflectiveHierarchy CreateHierarchy(
        VariationalModelConfiguration configuration,
        int[] latents,
        CouplingGraph graph,
        ParameterInitializer initializer)
    {
        return new SelfReflectiveHierarchy(
            new SelfReflectiveSettings(latents, graph)
            {
                Bijector = PartsFactory.Bijector(configuration.Bijector),
                CouplePrior = configuration.Coupling.Prior,
                CoupleBijector = configuration.Coupling.Bijector,
                PriorNetwork = configuration.Prior.Network.Design(),
                Grid = Grid(configuration),
                MeanBound = configuration.Prior.MeanBound,
                ScaleFloor = configuration.Prior.ScaleFloor,
                ScaleCeiling = configuration.Prior.ScaleCeiling,
                Residual = configuration.Posterior.Residual,
                InitialResidualScale = configuration.Posterior.InitialScale,
            },
            initializer);
    }

    private static BlockwiseLikelihood CreateBlockwiseLikelihood(
        VariationalModelConfiguration configuration,
        FeatureShape image,
        int[] latents,
        CouplingGraph graph,
        ParameterInitializer initializer)
    {
        if (!image.IsVector && image.Channels > 1
            && configuration is { Data: LogisticMixtureDataConfiguration, Partition: RasterPartitionConfiguration })
        {
            throw new UsageException(
                "Mixtures of logistics are of whole pixels, which raster blocks of colour images cut apart; set "
                + "model.partition.kind to checkerboard or whole, or dataset.gray to true.");
        }

        Partition partition = configuration.Partition switch
        {
            CheckerboardPartitionConfiguration checkerboard =>
                new CheckerboardPartition(image.Channels, image.Height, image.Width, checkerboard.Stride),
            RasterPartitionConfiguration =>
                new RasterPartition(image.Size, configuration.Layers, image.IsVector ? 0 : image.Width),
            _ => throw PartsFactory.Unknown("Partitions", configuration.Partition),
        };
        return new BlockwiseLikelihood(
            new BlockwiseSettings(
                partition,
                configuration.Coupling.Data ? graph : CouplingGraph.Uncoupled(configuration.Layers),
                latents,
                PartsFactory.Family(configuration.Data, image))
            {
                Residual = configuration.Data.Residual,
                Network = configuration.Data.Network.Design(),
                Grid = Grid(configuration),
            },
            initializer);
    }

    private static VariationalModel CreateFlowPosterior(
        FlowPosteriorModelConfiguration configuration,
        FeatureShape image,
        ParameterInitializer initializer)
    {
        var hierarchy = new FlowPosteriorHierarchy(
            new FlowPosteriorSettings(configuration.Latents, configuration.Context)
            {
                Bijector = PartsFactory.Bijector(configuration.Bijector),
                InitialScale = configuration.Posterior.InitialScale,
                ScaleFloor = configuration.Posterior.ScaleFloor,
                ScaleCeiling = configuration.Posterior.ScaleCeiling,
            },
            initializer);
        return new VariationalModel(
            PartsFactory.Encoder(
                configuration.Evidence, 1, image, FeatureShape.Vector(hierarchy.FeatureSize), initializer),
            hierarchy,
            PartsFactory.DenseLikelihood(
                configuration.Data, CodesSeen.All, image, [configuration.Latents], initializer));
    }

    private static VariationalModel CreateLadder(
        LadderModelConfiguration configuration,
        FeatureShape image,
        ParameterInitializer initializer)
    {
        int layers = configuration.Latents.Values.Count;
        int[] latents = configuration.Latents.ForLayers(layers);
        int[] widths = configuration.Widths.ForLayers(layers);
        var hierarchy = new LadderHierarchy(
            new LadderSettings(latents, widths)
            {
                HiddenLayers = configuration.HiddenLayers,
                Activation = configuration.Activation,
                MeanBound = configuration.MeanBound,
                ScaleFloor = configuration.ScaleFloor,
                ScaleCeiling = configuration.ScaleCeiling,
            },
            initializer);
        var encoder = new BottomUpEncoder(
            image.Size,
            widths,
            configuration.HiddenLayers,
            [.. Enumerable.Range(0, layers).Select(hierarchy.FeatureSize)],
            configuration.Activation,
            initializer);
        return new VariationalModel(
            encoder,
            hierarchy,
            PartsFactory.DenseLikelihood(
                configuration.Data, CodesSeen.Last, image, latents, initializer, batchNormalization: true));
    }

    private static VariationalModel CreateRelaxedBernoulli(
        RelaxedBernoulliModelConfiguration configuration,
        FeatureShape image,
        ParameterInitializer initializer)
    {
        var network = (MlpConfiguration)configuration.Network;
        var hierarchy = new RelaxedBernoulliHierarchy(
            new RelaxedBernoulliSettings(configuration.Latents, configuration.Context)
            {
                Hidden = network.Hidden,
                Activation = network.Activation,
                PosteriorTemperature = configuration.PosteriorTemperature,
                PriorTemperature = configuration.PriorTemperature,
            },
            initializer);
        return new VariationalModel(
            PartsFactory.Encoder(
                configuration.Evidence, 1, image, FeatureShape.Vector(hierarchy.FeatureSize), initializer),
            hierarchy,
            PartsFactory.DenseLikelihood(
                configuration.Data, CodesSeen.All, image, [configuration.Latents], initializer));
    }

    private static LatentGrid Grid(VariationalModelConfiguration configuration) => configuration.LatentGrid is { } grid
        ? new LatentGrid(grid.Height, grid.Width)
        : LatentGrid.None;
}

/// <summary>What several kinds of models are built of, from its configuration.</summary>
internal static class PartsFactory
{
    /// <summary>How a layer's bijector is built.</summary>
    public static BijectorSettings Bijector(BijectorConfiguration configuration) => configuration switch
    {
        RankOneAffineConfiguration rankOne => WithNetwork(rankOne.Network) with
        {
            Kind = BijectorKind.RankOneAffine,
            DiagonalFloor = rankOne.DiagonalFloor,
            DiagonalCeiling = rankOne.DiagonalCeiling,
        },
        DiagonalAffineConfiguration diagonal => WithNetwork(diagonal.Network) with
        {
            Kind = BijectorKind.DiagonalAffine,
            DiagonalFloor = diagonal.DiagonalFloor,
            DiagonalCeiling = diagonal.DiagonalCeiling,
        },
        InverseAutoregressiveConfiguration flow => WithNetwork(flow.Network) with
        {
            Kind = BijectorKind.InverseAutoregressive,
            FlowSteps = flow.Steps,
            GateFloor = flow.GateFloor,
        },
        SplineCouplingConfiguration spline => WithNetwork(spline.Network) with
        {
            Kind = BijectorKind.SplineCoupling,
            FlowSteps = spline.Steps,
            Splines = new SplineSettings(spline.Bins, spline.TailBound),
        },
        IdentityBijectorConfiguration => new BijectorSettings { Kind = BijectorKind.Identity },
        _ => throw Unknown("Bijectors", configuration),
    };

    /// <summary>The encoder from an image to the features of each layer.</summary>
    public static EvidenceEncoder Encoder(
        EvidenceConfiguration configuration,
        int layers,
        FeatureShape image,
        FeatureShape features,
        ParameterInitializer initializer)
    {
        var design = configuration.Network.Design();
        return configuration switch
        {
            BottomUpEvidenceConfiguration => new BottomUpEvidenceEncoder(
                design, layers, InputOf(design, image, "model.evidence"), features, initializer),
            IndependentEvidenceConfiguration => new IndependentEvidenceEncoder(design.CreateStack(
                layers, InputOf(design, image, "model.evidence"), features, initializer, outputGain: 0.1)),
            _ => throw Unknown("Encoders", configuration),
        };
    }

    /// <summary>The distribution of the data.</summary>
    public static DataFamily Family(DataLayerConfiguration configuration, FeatureShape image) => configuration switch
    {
        LogisticMixtureDataConfiguration mixture => new LogisticMixtureFamily(
            new LogisticMixtureSettings(image.IsVector ? 1 : image.Channels, mixture.Mixtures, mixture.Levels, mixture.ScaleFloor)),
        GaussianDataConfiguration gaussian => new GaussianFamily(gaussian.ScaleFloor),
        BernoulliDataConfiguration => new BernoulliFamily(),
        _ => throw Unknown("Pixel distributions", configuration),
    };

    /// <summary>The distribution of the whole image on all codes, or on the last.</summary>
    public static DenseLikelihood DenseLikelihood(
        DataLayerConfiguration configuration,
        CodesSeen codes,
        FeatureShape image,
        IReadOnlyList<int> latents,
        ParameterInitializer initializer,
        bool batchNormalization = false)
    {
        var design = configuration.Network.Design();
        return new DenseLikelihood(
            new DenseSettings(image.Size, latents, Family(configuration, image))
            {
                LayersSeen = codes switch
                {
                    CodesSeen.Last => 1,
                    CodesSeen.All => null,
                },
                Network = design,
                Shape = InputOf(design, image, "model.data"),
                BatchNormalization = batchNormalization,
            },
            initializer);
    }

    /// <summary>The refusal of a kind that nothing here builds.</summary>
    public static UsageException Unknown(string what, object? configuration) =>
        new($"{what} of the kind {configuration?.GetType().Name} cannot be built here.");

    private static BijectorSettings WithNetwork(NetworkConfiguration network) => new() { Network = network.Design() };

    private static FeatureShape InputOf(NetworkDesign design, FeatureShape image, string path) =>
        design.IsConvolutional && image.IsVector
            ? throw new UsageException($"The data are no images, and {path}.network is convolutional; set its kind to mlp.")
            : image;
}

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
