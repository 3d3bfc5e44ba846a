using Sere.Bijectors;
using Sere.Distributions;
using Sere.Hierarchies;
using Sere.Kernels;
using Sere.Likelihoods;
using Sere.Models;
using Sere.Networks;
using Sere.Numerics;
using Sere.Partitions;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>
/// Models of four binary pixels with two to four latents, in float64: small enough for log p(x) by quadrature.
/// The one place where a kind of model enters the laws.
/// </summary>
internal static class TinyModels
{
    /// <summary>Number of binary images there are.</summary>
    public const int Images = 16;

    // Analytic far from the real line, so that the trapezoid rule converges at a coarse step; ELU has a kink in its slope.
    private const Activation Smooth = Activation.Silu;
    private const int Layers = 3;
    private const long Seed = 20;
    private const string RelaxedBernoulliName = "binary latents";
    private const string ChainName = "checkerboard, chain";
    private const string GridName = "checkerboard, grid";
    private const string MaskedName = "masked convolutions";

    private static readonly MaskedConvolutionPixels Masked = new() { Layers = 2, Channels = 2, FirstKernel = 3, Context = 2 };
    private static readonly PerceptronDesign Network = new([4], Smooth);
    private static readonly ResidualDesign Residual = new() { Widths = [4], Activation = Smooth };
    private static readonly CouplingChoice Uncoupled = new() { Prior = false, Bijector = false };

    private static readonly Dictionary<string, Func<DensityModel>> Table = new(StringComparer.Ordinal)
    {
        ["full coupling, scaled residual"] = () => SelfReflective(),
        ["full coupling, additive residual"] = () =>
            SelfReflective(hierarchy => hierarchy with { Posterior = Posterior(PosteriorResidual.Additive) }),
        ["bijector coupled, prior not"] = () => SelfReflective(hierarchy => hierarchy with { Coupling = new() { Prior = false } }),
        ["prior coupled, bijector not"] = () => SelfReflective(hierarchy => hierarchy with { Coupling = new() { Bijector = false } }),
        ["no latent coupling"] = () =>
            SelfReflective(hierarchy => hierarchy with { Coupling = Uncoupled }),
        ["identity as the bijector"] = () => SelfReflective(
            hierarchy => hierarchy with { Bijector = new Identity() }),
        ["diagonal affine bijector"] = () => SelfReflective(
            hierarchy => hierarchy with { Bijector = new DiagonalAffine { Network = Network, DiagonalFloor = 0.3 } }),
        ["inverse autoregressive bijector, standard normal prior"] = () => SelfReflective(
            hierarchy => hierarchy with
            {
                Coupling = new() { Prior = false },
                Bijector = new InverseAutoregressive { Network = Network, Steps = 2, GateFloor = 0.3 },
            }),
        ["no data coupling"] = () => SelfReflective(
            data: likelihood => likelihood with { Graph = CouplingGraph.Uncoupled(Layers) }),
        ["free posterior"] = () => SelfReflective(
            hierarchy => hierarchy with { Posterior = Posterior(PosteriorResidual.Free), Coupling = Uncoupled }),
        ["the whole image from all codes"] = () => SelfReflective(dense: settings => settings),
        ["the whole image from the last code"] = () =>
            SelfReflective(
                hierarchy => hierarchy with { Bijector = new Identity() },
                dense: settings => settings with { LastLayers = 1 }),
        ["residual networks"] = () => SelfReflective(
            hierarchy => hierarchy with
            {
                Prior = hierarchy.Prior with { Network = Residual },
                Bijector = new RankOneAffine { Network = Residual, DiagonalFloor = 0.3 },
            },
            dense: settings => settings with { Network = Residual, Partition = new WholePartition(new FeatureShape(1, 2, 2)) }),
        [$"{MaskedName} over all codes"] = () => SelfReflective(
            partition: new RasterPartition(4, 2, rowLength: 2),
            dense: settings => settings with { Pixels = Masked, Partition = new WholePartition(new FeatureShape(1, 2, 2)) }),
        [$"{MaskedName} in each block"] = () => SelfReflective(
            data: likelihood => likelihood with { Pixels = Masked },
            partition: new RasterPartition(4, 2, rowLength: 2)),
        ["flow as the posterior"] = () => FlowPosterior(

            // Gates that leave the posterior no narrower than the grid resolves.
            new InverseAutoregressive { Network = Network, Steps = 2, GateFloor = 0.7 },
            new StandardNormalPrior()),
        ["flow as the prior"] = () => FlowPosterior(
            new Identity(),
            new FlowPrior { Flow = new MaskedAutoregressiveFlow { Network = new PerceptronDesign([]), Steps = 1 } }),
        ["flow of affine steps as the posterior"] = () => FlowPosterior(
            new FlowBijector { Flow = new MaskedAutoregressiveFlow { Network = new PerceptronDesign([]), Steps = 1 } },
            new StandardNormalPrior(),
            flow: 0.05),
        ["ladder of 1 and 2"] = () => Ladder(1, 2),
        [RelaxedBernoulliName] = RelaxedBernoulli,
        ["recurrent steps with attention"] = Draw,
        [ChainName] = () => Checkerboard(CouplingGraph.Chain(4)),
        [GridName] = () => Checkerboard(CouplingGraph.Grid(2, 2)),
        ["joint data residual"] = () => SelfReflective(
            data: likelihood => likelihood with { Residual = DataResidual.Joint }),
    };

    /// <summary>Every model, by name.</summary>
    public static TheoryData<string> Names => [.. Table.Keys];

    /// <summary>Those whose draws are smooth functions of their noise, over which quadrature converges.</summary>
    public static TheoryData<string> SmoothNames => [.. Table.Keys.Where(IsSmooth)];

    /// <summary>The others.</summary>
    public static TheoryData<string> RoughNames => [.. Table.Keys.Where(name => !IsSmooth(name))];

    /// <summary>The smooth ones of three latents, for which quadrature is exact to seven digits in little time.</summary>
    public static TheoryData<string> ContinuousNames => [.. Table.Keys.Where(IsContinuous)];

    /// <summary>The others.</summary>
    public static TheoryData<string> OtherNames => [.. Table.Keys.Where(name => !IsContinuous(name))];

    /// <summary>Those whose layers are all normal.</summary>
    public static TheoryData<string> NormalNames => [.. Table.Keys.Where(name =>
    {
        using var model = Create(name);
        return model.HasClosedFormKl;
    })];

    /// <summary>The model of that name, in evaluation.</summary>
    public static DensityModel Create(string name)
    {
        var model = Table[name]();
        model.eval();
        return model;
    }

    /// <summary>Whether the latents are binary: sums over them take the place of integrals.</summary>
    public static bool IsBinary(string name) => string.Equals(name, RelaxedBernoulliName, StringComparison.Ordinal);

    private static bool IsSmooth(string name) => !IsBinary(name) && !name.StartsWith(MaskedName, StringComparison.Ordinal);

    private static bool IsContinuous(string name) => IsSmooth(name) && name is not (ChainName or GridName);

    /// <summary>All binary images, [16, 4].</summary>
    public static torch.Tensor AllImages()
    {
        var index = TensorArithmetic.Indices(Images);
        return torch.stack([.. Enumerable.Range(0, 4).Select(pixel => index.Over(1 << pixel).floor().Remainder(2))], 1)
            .to(torch.ScalarType.Float64);
    }

    /// <summary>
    /// A self-reflective model, far from its initial parameters: near those it hardly depends on z, and a wrong formula
    /// would hardly show.
    /// </summary>
    public static DensityModel SelfReflective(
        Func<SelfReflectiveParts, SelfReflectiveParts>? latent = null,
        Func<BlockwiseSettings, BlockwiseSettings>? data = null,
        CouplingGraph? graph = null,
        Partition? partition = null,
        int latents = 1,
        Func<BlockwiseSettings, BlockwiseSettings>? dense = null,
        torch.ScalarType type = torch.ScalarType.Float64)
    {
        partition ??= new TinyPartition();
        graph ??= CouplingGraph.Chain(partition.Blocks);
        var initializer = new ParameterInitializer(Seed, type);
        int[] sizes = [.. Enumerable.Repeat(latents, partition.Blocks)];

        // Bounds that keep prior and posterior within the grid of the quadrature, and no narrower than it resolves.
        var hierarchySettings = new SelfReflectiveParts(sizes, graph)
        {
            Prior = new() { Network = Network, MeanBound = 1.5, ScaleFloor = 0.7, ScaleCeiling = 1.2 },
            Posterior = Posterior(PosteriorResidual.Scaled),
            Bijector = new RankOneAffine { Network = Network, DiagonalFloor = 0.3 },
        };
        var likelihoodSettings = new BlockwiseSettings(
            partition, CouplingGraph.Chain(partition.Blocks), sizes, new BernoulliFamily())
        {
            Network = Network,
            Residual = DataResidual.Evidence,
        };
        var hierarchy = new SelfReflectiveHierarchy(latent?.Invoke(hierarchySettings) ?? hierarchySettings, initializer);
        var encoder = new IndependentEvidenceEncoder(new StackedMlp(
            partition.Blocks, partition.Dimensions, [3], hierarchy.FeatureSize, Smooth, initializer));
        Likelihood likelihood = dense is null
            ? new BlockwiseLikelihood(data?.Invoke(likelihoodSettings) ?? likelihoodSettings, initializer)
            : Dense(sizes, initializer, dense);
        return Disturbed(new DensityModel(encoder, hierarchy, likelihood));
    }

    /// <summary>2 x 2 pixels in four blocks of one.</summary>
    private static DensityModel Checkerboard(CouplingGraph graph) => SelfReflective(
        data: likelihood => likelihood with { Residual = DataResidual.Joint, Graph = graph },
        graph: graph,
        partition: new CheckerboardPartition(1, 2, 2, 2));

    private static DensityModel FlowPosterior(BijectorChoice bijector, LatentPriorChoice prior, double flow = 0.3)
    {
        var initializer = new ParameterInitializer(Seed, torch.ScalarType.Float64);
        var hierarchy = new FlowPosteriorHierarchy(
            Layers,
            2,
            bijector,
            new FreePosteriorChoice { ScaleFloor = 0.7, ScaleCeiling = 1.2, InitialScale = 0.9 },
            prior,
            initializer);
        var encoder = new IndependentEvidenceEncoder(
            new StackedMlp(1, 4, [3], hierarchy.FeatureSize, Smooth, initializer, outputGain: 0.3));
        return Disturbed(new DensityModel(encoder, hierarchy, Dense([Layers], initializer, settings => settings)), flow);
    }

    private static DensityModel Ladder(params int[] latents)
    {
        var initializer = new ParameterInitializer(Seed, torch.ScalarType.Float64);
        int[] widths = [.. latents.Select(_ => 4)];
        var hierarchy = new LadderHierarchy(
            latents, widths, 1, Smooth, meanBound: 1.5, SmoothInterval.OfLogScale(0.7, 1.2, start: 1), initializer);
        var encoder = new BottomUpEncoder(
            4, widths, 1, [.. latents.Select(size => 2 * size)], Smooth, initializer);
        return Disturbed(new DensityModel(
            encoder,
            hierarchy,
            Dense(latents, initializer, settings => settings with { LastLayers = 1, BatchNormalization = true })));
    }

    private static DensityModel RelaxedBernoulli()
    {
        var initializer = new ParameterInitializer(Seed, torch.ScalarType.Float64);
        var hierarchy = new RelaxedBernoulliHierarchy(
            Layers, 2, Network, posteriorTemperature: 2.0 / 3, priorTemperature: 0.5, initializer);
        var encoder = new IndependentEvidenceEncoder(
            new StackedMlp(1, 4, [3], hierarchy.FeatureSize, Smooth, initializer));
        return Disturbed(new DensityModel(encoder, hierarchy, Dense([Layers], initializer, settings => settings)));
    }

    /// <summary>2 x 2 pixels.</summary>
    private static DensityModel Draw()
    {
        var initializer = new ParameterInitializer(Seed, torch.ScalarType.Float64);
        var settings = new DrawSettings(Latents: 1, Hidden: 3, ReadSize: 1, WriteSize: 1);
        var image = new FeatureShape(1, 2, 2);
        var likelihood = new DrawLikelihood(image, new BernoulliFamily(), settings, initializer);

        // Too narrow: a posterior that is nearly exact would hide what is wrong with weights.
        var posterior = new FreePosteriorChoice { ScaleFloor = 0.6, ScaleCeiling = 1.2, InitialScale = 0.7 };
        var hierarchy = new DrawHierarchy(
            Layers, settings, image, likelihood.Decoder, likelihood.Mean, posterior, initializer);
        return Disturbed(new DensityModel(new ImageItself(), hierarchy, likelihood));
    }

    private static BlockwiseLikelihood Dense(
        IReadOnlyList<int> sizes,
        ParameterInitializer initializer,
        Func<BlockwiseSettings, BlockwiseSettings> change) => new(
            change(BlockwiseSettings.Whole(FeatureShape.Vector(4), sizes, new BernoulliFamily()) with { Network = Network }),
            initializer);

    private static PosteriorChoice Posterior(PosteriorResidual residual) => new() { Residual = residual, InitialScale = 0.9 };

    /// <summary>Adds noise to every parameter: also to those that start at zero, as the weights of a join.</summary>
    private static DensityModel Disturbed(DensityModel model, double flow = 0.3)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        using var generator = new torch.Generator(Seed, torch.CPU);
        foreach (var (name, parameter) in model.named_parameters())
        {
            // Less for the encoder: with a posterior that is far off, importance weights vary too much to test a mean. Less
            // for some flows, which must stay within the grid.
            double size = name.StartsWith("hierarchy.flow.", StringComparison.Ordinal) ? flow
                : name.StartsWith("encoder", StringComparison.Ordinal)
                || name.StartsWith("hierarchy.prior.", StringComparison.Ordinal) ? 0.1 : 0.3;
            parameter.PlusInPlace(
                torch.randn(parameter.shape, torch.ScalarType.Float64, generator: generator).Times(size));
        }

        foreach (var (_, buffer) in RunningStatistics.Of(model))
        {
            buffer.PlusInPlace(torch.rand(buffer.shape, torch.ScalarType.Float64, generator: generator));
        }

        return model;
    }
}
