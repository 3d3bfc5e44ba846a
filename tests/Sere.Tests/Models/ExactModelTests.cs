using Sere.Bijectors;
using Sere.Data;
using Sere.Distributions;
using Sere.Evaluation;
using Sere.Kernels;
using Sere.Likelihoods;
using Sere.Models;
using Sere.Networks;
using Sere.Numerics;
using Sere.Tests.Laws;
using Sere.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Models;

/// <summary>Normalizing flows as models.</summary>
/// <remarks>
/// Seen to fail with: the log-determinant of the standardizing map left out; statistics of batch normalization that are all
/// fitted to the data itself.
/// </remarks>
public sealed class ExactModelTests
{
    private static readonly PerceptronDesign Network = new() { Hidden = [16], Activation = Activation.Tanh };

    public static TheoryData<string, FlowBaseKind, string> Flows => new()
    {
        { "maf", FlowBaseKind.Standard, "none" },
        { "maf", FlowBaseKind.UnitRank, "standardize" },
        { "maf", FlowBaseKind.Diagonal, "whiten" },
        { "spline-coupling", FlowBaseKind.Diagonal, "none" },
        { "spline-autoregressive", FlowBaseKind.Standard, "standardize" },
    };

    [Theory]
    [MemberData(nameof(Flows))]
    public void The_density_of_a_flow_integrates_to_one_over_the_plane(string kind, FlowBaseKind flowBase, string preprocessing)
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = Create(kind, flowBase, preprocessing, 2);

        // Splines have kinks, and identity tails that end early; the affine steps are smooth, and wide.
        bool isAffine = string.Equals(kind, "maf", StringComparison.Ordinal);
        var (points, logVolume) = isAffine ? Float64.Grid(2, 20, 401) : Float64.Grid(2, 12, 481);
        var logProb = model.Elbo(model.Encode(points), torch.zeros([points.shape[0], 0])).LogLikelihood;
        Assert.Equal(1, logProb.Plus(logVolume).exp().sum().item<double>(), 1e-3);
    }

    [Theory]
    [MemberData(nameof(Flows))]
    public void What_is_drawn_has_the_density_that_is_said(string kind, FlowBaseKind flowBase, string preprocessing)
    {
        using var model = Create(kind, flowBase, preprocessing, 2);
        CheckDraws(model);
    }

    [Fact]
    public void What_a_trained_flow_draws_has_the_density_that_is_said()
    {
        var configuration = new TrainingChoice { Epochs = 3, BatchSize = 200 };
        using var model = Create(
            "spline-coupling", FlowBaseKind.Standard, "standardize", 2, type: torch.ScalarType.Float32);
        var images = DatasetCatalog.Load("two-moons", null, 48_000, 1).Train;
        using (var all = images.ToTensor())
        {
            model.FitSpace(all);
        }

        using var trainer = new Trainer(model, configuration, images, BinarizationRule.None, seed: 1);
        while (!trainer.IsDone)
        {
            trainer.RunEpoch(cancellation: TestContext.Current.CancellationToken);
        }

        model.eval();
        CheckDraws(model, torch.ScalarType.Float32);
    }

    [Fact]
    public void Ten_stacked_steps_are_inverted_to_nine_decimals()
    {
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = Create("maf", FlowBaseKind.Standard, "none", 8, steps: 10);
        var x = model.Sample(torch.zeros(50, 0), Float64.Uniform(7, 50, 8)).Values;
        var noise = model.LatentCodes(x);
        var expected = DiagonalNormal.Standard(8, noise).FromUniform(Float64.Uniform(7, 50, 8));
        TensorAssert.Close(expected, noise, 1e-9, "noise");
    }

    [Fact]
    public void Logit_space_is_that_of_the_pixels_again_with_its_log_determinant()
    {
        const int Pixels = 4;
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = Create("maf", FlowBaseKind.Diagonal, "logit", Pixels);
        Assert.Equal("logit", model.Space);
        Assert.False(model.IsBound);
        var x = Float64.Uniform(3, 5, Pixels);
        var y = torch.special.logit(x.Times(0.9).Plus(0.05));
        var expected = (-(y.sigmoid() * (-y.sigmoid()).Plus(1)).log()).Plus(Math.Log(0.9)).sum(-1);
        TensorAssert.Close(expected, model.SpaceLogDeterminant(x), 1e-10, "log-determinant");

        // An even density over the pixels' levels takes eight bits a pixel.
        Assert.Equal(8, SpaceLogDeterminants.BitsPerDim(-3, 3, Pixels), 1e-12);
        Assert.Equal(7, SpaceLogDeterminants.BitsPerDim(Pixels * Math.Log(2), 0, Pixels), 1e-12);
    }

    [Fact]
    public void Statistics_are_fitted_layer_by_layer_so_that_each_sees_mean_zero_and_variance_one()
    {
        using var scope = torch.NewDisposeScope();
        using var model = Create("maf", FlowBaseKind.Standard, "none", 3, steps: 3, normalization: true);
        model.eval();
        var x = (Float64.Normal(5, 400, 3) * Float64.Vector(0.3, 4, 2)).Plus(1);
        model.FitStatistics([(x[..250], torch.zeros(250, 0)), (x[250..], torch.zeros(150, 0))]);

        // Batch normalization stands last, so that what leaves the flow has its scale and shift: those of the layer.
        var before = model.LatentCodes(x);
        using var fresh = Create("maf", FlowBaseKind.Standard, "none", 3, steps: 3, normalization: true);
        fresh.train();
        TensorAssert.Close(fresh.LatentCodes(x), before, 1e-9, "noise by the statistics of all data");
    }

    [Fact]
    public void A_flow_trains_and_its_statistics_come_back_with_its_weights()
    {
        var configuration = new TrainingChoice { Epochs = 8, BatchSize = 100 };
        using var model = Create(
            "maf", FlowBaseKind.Standard, "standardize", 2, steps: 2, normalization: true, torch.ScalarType.Float32);
        var images = DatasetCatalog.Load("two-moons", null, 48_000, 1).Train;
        using (var all = images.ToTensor())
        {
            model.FitSpace(all);
        }

        using var trainer = new Trainer(model, configuration, images, BinarizationRule.None, seed: 1);
        double first = trainer.RunEpoch(cancellation: TestContext.Current.CancellationToken)!.Elbo;
        double last = first;
        while (!trainer.IsDone)
        {
            last = trainer.RunEpoch(cancellation: TestContext.Current.CancellationToken)!.Elbo;
        }

        Assert.InRange(last, first + 0.05, 0);
        trainer.FitStatistics();
        Assert.Contains(trainer.Parameters.Segments, segment => segment.Name.EndsWith("statistics.running_mean", StringComparison.Ordinal));
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        model.eval();
        var noise = model.LatentCodes(images.ToTensor());
        Assert.InRange(noise.mean().item<float>(), -0.3, 0.3);
    }

    [Fact]
    public void What_a_flow_cannot_do_is_refused_in_a_sentence()
    {
        using var scope = torch.NewDisposeScope();
        using var model = Create("maf", FlowBaseKind.Standard, "none", 2);
        var x = Float64.Normal(1, 3, 2);
        Assert.Contains(
            "without latents", Assert.Throws<SereException>(() => model.Reconstruct(x, torch.zeros(3, 0), null)).Message);
        Assert.Throws<SereException>(() => model.LatentNoise(x));
        Assert.Throws<ArgumentException>(() => model.Encode(Float64.Normal(1, 3, 5)));
    }

    /// <summary>Chi-square of the draws in the cells of a grid, by the density integrated over each cell.</summary>
    private static void CheckDraws(DensityModel model, torch.ScalarType type = torch.ScalarType.Float64)
    {
        const int Draws = 20_000;
        const int Cells = 6;
        using var scope = torch.NewDisposeScope();
        using var noGrad = torch.no_grad();
        var draws = model.Sample(torch.zeros(Draws, 0), Float64.Uniform(7, Draws, 2).to(type)).Values.to(torch.ScalarType.Float64);
        var edges = torch.linspace(-2, 2, Cells + 1, torch.ScalarType.Float64);
        double chiSquare = 0;
        int cells = 0;
        for (int row = 0; row < Cells; row++)
        {
            for (int column = 0; column < Cells; column++)
            {
                double left = edges[column].item<double>(), bottom = edges[row].item<double>();
                double side = 4.0 / Cells;
                var middle = TensorArithmetic.Indices(40, torch.ScalarType.Float64).Plus(0.5).Times(side / 40);
                var points = torch.cartesian_prod([middle.Plus(left), middle.Plus(bottom)]).to(type);
                double mass = model.Elbo(model.Encode(points), torch.zeros([points.shape[0], 0])).LogLikelihood
                    .to(torch.ScalarType.Float64).exp().mean().item<double>() * side * side;
                double expected = mass * Draws;
                if (expected < 5)
                {
                    continue;
                }

                var inside = draws.select(1, 0).IsAtLeast(left) & draws.select(1, 0).IsBelow(left + side)
                    & draws.select(1, 1).IsAtLeast(bottom) & draws.select(1, 1).IsBelow(bottom + side);
                double count = inside.sum().item<long>();
                chiSquare += (count - expected) * (count - expected) / (expected * (1 - mass));
                cells++;
            }
        }

        // Mean c and variance 2 c of c nearly independent cells; four standard errors.
        Assert.InRange(cells, 8, Cells * Cells);
        Assert.InRange(chiSquare, 0, cells + (4 * Math.Sqrt(2 * cells)));
    }

    private static DensityModel Create(
        string kind,
        FlowBaseKind flowBase,
        string preprocessing,
        int dimensions,
        int steps = 2,
        bool normalization = false,
        torch.ScalarType type = torch.ScalarType.Float64)
    {
        FlowChoice flow = kind switch
        {
            "maf" => new MaskedAutoregressiveFlow(),
            "spline-coupling" => new SplineCouplingFlow(),
            _ => new SplineAutoregressiveFlow(),
        };
        var model = new NormalizingFlow
        {
            Flow = flow with { Network = Network, Steps = steps, BatchNormalization = normalization },
            Base = flowBase,
            Preprocessing = preprocessing switch
            {
                "logit" => new Logit(),
                "standardize" => new Standardize(),
                "whiten" => new Whiten(),
                _ => new NoPreprocessing(),
            },
        }.Build(new ImageShape(1, 1, dimensions), seed: 1, type);
        if (type == torch.ScalarType.Float64)
        {
            // Larger than they start, so that the flow is no near-identity.
            using var noGrad = torch.no_grad();
            foreach (var (index, parameter) in model.parameters().Index())
            {
                parameter.PlusInPlace(Float64.Normal(100 + index, parameter.shape).Times(0.15));
            }

            model.FitSpace(Float64.Normal(9, 200, dimensions).Times(1.2).Plus(0.3));
        }

        return model;
    }
}
