using Sere.Hierarchies;
using Sere.Likelihoods;
using Sere.Models;
using Sere.Numerics;
using Sere.Partitions;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>
/// Proposition 2: given z_2 and x the exact posterior has eps_1 and eps_3 independent, and so has the coded one. Two
/// variables are independent given the rest just when the mixed second difference of the log-density in them is 0, with
/// the rest fixed; z_2 is held fixed by taking (eps_1, z_2, eps_3) as coordinates, eps_2 = f_2^-1(z_2 | z_1).
/// </summary>
public sealed class ExactPosteriorFactorizationTests
{
    private const int Repeats = 8;

    // The layer that has the last one's parents, and the one before: an edge that the paper's chain does not have.
    private static readonly CouplingGraph ExtraEdge = new([[], [0], [0, 1]]);
    private static readonly CouplingGraph Grid = CouplingGraph.Grid(2, 2);

    // Shown to fail: with z_1 as the context of every layer, and with a likelihood that is given z_l + z_1.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void In_a_chain_the_first_and_last_latents_are_independent_given_the_code_between_and_the_image(int latents)
    {
        using var model = Model(CouplingGraph.Chain(3), latents);
        Assert.True(MixedDifference(model, latents) < 1e-9);
    }

    // What the extra edge would hide: that the difference is 0 for a reason that has nothing to do with the graph.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void With_an_edge_from_the_first_layer_to_the_last_they_are_dependent(int latents)
    {
        using var model = Model(ExtraEdge, latents);
        Assert.True(MixedDifference(model, latents) > 1e-3);
    }

    // Shown to fail: with z_1 as the context of every layer.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_coded_posterior_of_a_layer_depends_on_the_codes_of_its_parents_alone(bool extraEdge)
    {
        using var model = Model(extraEdge ? ExtraEdge : CouplingGraph.Chain(3), 2);
        using var scope = torch.NewDisposeScope();
        var evidence = model.Hierarchy.Interpret(model.Encoder.Encode(TinyModels.AllImages()));
        var first = MonteCarlo.Noise(41, TinyModels.Images, 2).requires_grad_();
        var second = MonteCarlo.Noise(42, TinyModels.Images, 2).requires_grad_();
        var noise = MonteCarlo.Noise(43, TinyModels.Images, 2);
        var step = (NormalLatentStep)model.Hierarchy.Step(
            2, Draws.Steps(first, second), new LatentSource.Posterior(evidence[2], noise));
        step.Posterior!.Mean.Square().sum()
            .Plus(step.Posterior.LogScale.Square().sum()).Plus(step.Code.Square().sum()).backward();
        Assert.True(Largest(second.grad) > 1e-3);
        if (extraEdge)
        {
            Assert.True(Largest(first.grad) > 1e-3);
        }
        else
        {
            Assert.Equal(0, Largest(first.grad));
        }
    }

    // Blocks (0,0), (0,1), (1,0) and (1,1) of a checkerboard, whose data layers are coupled as the latents are. Shown to fail:
    // with the first code among the context of a layer that has two parents, and with a likelihood that is given z_l + z_1.
    [Fact]
    public void In_a_grid_the_corners_are_independent_given_the_codes_between_and_the_image()
    {
        using var model = GridModel();
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var data = model.Likelihood.Prepare(TinyModels.AllImages().repeat(Repeats, 1));
        var (left, right) = (Point(51), Point(52));
        var difference = SecondDifference(
            (corner, opposite) => LogJoint(
                model, data, (Point(corner), false), (left, true), (right, true), (Point(opposite), false)));
        Assert.True(Largest(difference) < 1e-9);

        static torch.Tensor Point(long seed) => MonteCarlo.Noise(seed, TinyModels.Images * Repeats, 1);
    }

    // Why the guarantee is the chain's alone: the corner that both neighbours see ties them, once it is integrated out.
    [Fact]
    public void In_a_grid_the_neighbours_are_dependent_given_the_first_code_and_the_image()
    {
        using var model = GridModel();
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var (points, weights) = Trapezoid.Axis(9.2, 0.4);
        long count = points.shape[0];
        var data = model.Likelihood.Prepare(TinyModels.AllImages().repeat(count, 1));
        var last = points.repeat_interleave(TinyModels.Images).unsqueeze(1);
        var corner = Point(51);
        var difference = SecondDifference((right, below) =>
        {
            var logJoint = LogJoint(model, data, (corner, true), (Point(right), false), (Point(below), false), (last, false));
            return logJoint.view(count, -1).Plus(weights.log().unsqueeze(1)).logsumexp(0);
        });
        Assert.True(Largest(difference) > 1e-3);

        torch.Tensor Point(long seed) => MonteCarlo.Noise(seed, TinyModels.Images, 1).repeat(count, 1);
    }

    private static DensityModel Model(CouplingGraph graph, int latents) =>
        TinyModels.SelfReflective(
            data: likelihood => likelihood with { Residual = DataResidual.Joint },
            graph: graph,
            latents: latents);

    private static DensityModel GridModel() => TinyModels.SelfReflective(
        data: likelihood => likelihood with { Residual = DataResidual.Joint, Graph = Grid },
        graph: Grid,
        partition: new CheckerboardPartition(1, 2, 2, 2));

    /// <summary>The largest mixed difference in eps_1 and eps_3 over all images and several points.</summary>
    private static double MixedDifference(DensityModel model, int latents)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var data = model.Likelihood.Prepare(TinyModels.AllImages().repeat(Repeats, 1));
        var code = Point(51);
        return Largest(SecondDifference(
            (first, last) => LogJoint(model, data, (Point(first), false), (code, true), (Point(last), false))));

        torch.Tensor Point(long seed) => MonteCarlo.Noise(seed, TinyModels.Images * Repeats, latents);
    }

    /// <summary>g(a', b') - g(a', b) - g(a, b') + g(a, b), with the seeds of four points for the arguments.</summary>
    private static torch.Tensor SecondDifference(Func<long, long, torch.Tensor> g) =>
        (g(61, 63) - g(61, 64) - g(62, 63)).Plus(g(62, 64));

    /// <summary>
    /// log p(x, .) in nats, [B], in coordinates of which each is a base latent eps_l or a code z_l, [B, N]; a code brings
    /// the log-determinant of f_l^-1.
    /// </summary>
    private static torch.Tensor LogJoint(
        DensityModel model,
        DataEvidence data,
        params (torch.Tensor Value, bool IsCode)[] coordinates)
    {
        var hierarchy = (SelfReflectiveHierarchy)model.Hierarchy;
        var codes = new List<torch.Tensor>();
        var total = torch.zeros(coordinates[0].Value.shape[0], torch.ScalarType.Float64);
        for (int layer = 0; layer < coordinates.Length; layer++)
        {
            var (value, isCode) = coordinates[layer];
            var eps = value;
            if (isCode)
            {
                (eps, var logDeterminant) = hierarchy.BindBijector(layer, codes).Inverse(value);
                total = total.Plus(logDeterminant);
            }

            var step = hierarchy.Step(layer, Draws.Steps(codes), new LatentSource.Given(eps));
            total = total.Plus(step.LogPrior);
            codes.Add(isCode ? value : step.Code);
        }

        return total.Plus(model.Likelihood.LogProb(codes, data));
    }

    private static double Largest(torch.Tensor? x) => x is null ? 0 : x.abs().max().item<double>();
}
