using Sere.Distributions;
using Sere.Likelihoods;
using Sere.Networks;
using Sere.Partitions;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>Blockwise likelihoods of every family, residual and kind of coupling.</summary>
public static class BlockwiseTable
{
    private const string Mixture = "mixture of logistics of two levels";

    private static readonly Dictionary<string, Func<DataFamily>> Families = new()
    {
        ["Bernoulli"] = () => new BernoulliFamily(),
        ["Gaussian"] = () => new GaussianFamily(0.1),
        ["Bernoulli, convolutional"] = () => new BernoulliFamily(),
        ["Gaussian, convolutional"] = () => new GaussianFamily(0.1),
        ["Bernoulli, masked"] = () => new BernoulliFamily(),
        ["Gaussian, masked and convolutional"] = () => new GaussianFamily(0.1),
        [Mixture] = () => new LogisticMixtureFamily(new LogisticMixtureSettings(1, Mixtures: 2, Levels: 2, ScaleFloor: 0.1)),
    };

    private static readonly Dictionary<string, CouplingGraph> Graphs = new()
    {
        ["chain"] = CouplingGraph.Chain(BlockwiseCase.Blocks),
        ["uncoupled"] = CouplingGraph.Uncoupled(BlockwiseCase.Blocks),
        ["two parents"] = new CouplingGraph([[], [0], [0, 1], [1, 2]]),
        ["two roots"] = new CouplingGraph([[], [], [1, 0], [1]]),
        ["grid"] = CouplingGraph.Grid(2, 2),
        ["one parent of all"] = new CouplingGraph([[], [0], [0], [0]]),
    };

    /// <summary>Family, residual and graph of each case.</summary>
    public static TheoryData<string, DataResidual, string> Names => NamesOf(Families.Keys);

    /// <summary>The cases with binary data.</summary>
    public static TheoryData<string, DataResidual, string> BinaryNames =>
        NamesOf(["Bernoulli", "Bernoulli, convolutional", "Bernoulli, masked", Mixture]);

    /// <summary>The cases whose means are those of the distribution, not what stands for them in pictures.</summary>
    public static TheoryData<string, DataResidual, string> NamesWithMeans => NamesOf(["Bernoulli", "Gaussian"]);

    internal static BlockwiseCase Build(
        string family, DataResidual residual, string graph, int rowLength = BlockwiseCase.RowLength)
    {
        var test = BuildFresh(family, residual, graph, rowLength);

        // In particular the join of a joint residual, which starts at zero.
        Parameters.Randomize(test.Likelihood, 190);
        return test;
    }

    /// <summary>With the parameters that training starts from.</summary>
    internal static BlockwiseCase BuildFresh(
        string family, DataResidual residual, string graph, int rowLength = BlockwiseCase.RowLength)
    {
        var settings = new BlockwiseSettings(
            new RasterPartition(BlockwiseCase.Rows * rowLength, BlockwiseCase.Blocks, rowLength),
            Graphs[graph],
            BlockwiseCase.Latents,
            Families[family]())
        {
            Residual = residual,
            Pixels = IsMasked(family)
                ? new MaskedConvolutionPixels { Layers = 2, Channels = 4, FirstKernel = 3, Context = 2 }
                : new FactorizedPixels(),
            Network = family.EndsWith("convolutional", StringComparison.Ordinal)
                ? new ResidualDesign { Widths = [4, 3], Blocks = 1 }
                : new PerceptronDesign([6, 5]),
        };
        var initializer = new ParameterInitializer(190, torch.ScalarType.Float64);
        return new BlockwiseCase(
            new BlockwiseLikelihood(settings, initializer), settings.Graph, settings.Family.Space == "discrete");
    }

    private static bool IsMasked(string family) => family.Contains("masked", StringComparison.Ordinal);

    private static TheoryData<string, DataResidual, string> NamesOf(IEnumerable<string> families)
    {
        var names = new TheoryData<string, DataResidual, string>();
        foreach (string family in families)
        {
            // Masked convolutions see the parents through the context alone: two graphs do.
            IEnumerable<string> graphs = IsMasked(family) ? ["uncoupled", "two parents"] : Graphs.Keys;
            foreach (var residual in Enum.GetValues<DataResidual>())
            {
                foreach (string graph in graphs)
                {
                    names.Add(family, residual, graph);
                }
            }
        }

        return names;
    }
}
