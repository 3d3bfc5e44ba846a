using Sere.Hierarchies;
using Sere.Kernels;
using Sere.Likelihoods;
using Sere.Models;
using Sere.Networks;
using Sere.Numerics;
using Sere.Partitions;
using TorchSharp;

namespace Sere.Tests.Laws;

/// <summary>
/// A model whose every map is affine and whose every distribution is normal, with two layers of one latent each: x is
/// jointly normal, and its log-density and the exact posterior follow from linear algebra done here, on the parameters.
/// The second block depends on the first, and is shorter.
/// </summary>
internal sealed class LinearGaussianModel : IDisposable
{
    private const int Layers = 2;
    private const int Pixels = 5;
    private const int Largest = 3;
    private const double ScaleFloor = 0.1;
    private const double InitialResidualScale = 0.9;
    private static readonly int[] Sizes = [3, 2];
    private readonly Dictionary<string, torch.Tensor> _parameters;

    public LinearGaussianModel(long seed)
    {
        var initializer = new ParameterInitializer(seed, torch.ScalarType.Float64);
        int[] latents = [1, 1];
        var hierarchy = new SelfReflectiveHierarchy(
            new SelfReflectiveParts(latents, CouplingGraph.Uncoupled(Layers)) { Posterior = new() { InitialScale = InitialResidualScale } },
            initializer);
        var likelihood = new BlockwiseLikelihood(
            new BlockwiseSettings(
                new RasterPartition(Pixels, Layers), CouplingGraph.Chain(Layers), latents, new GaussianFamily(ScaleFloor))
            {
                Network = new PerceptronDesign([]),
                Residual = DataResidual.Evidence,
            },
            initializer);
        var encoder = new IndependentEvidenceEncoder(
            new StackedMlp(Layers, Pixels, [], hierarchy.FeatureSize, Activation.Elu, initializer));
        Model = new DensityModel(encoder, hierarchy, likelihood);
        _parameters = Model.named_parameters().ToDictionary(
            entry => entry.name, entry => entry.parameter.detach(), StringComparer.Ordinal);
        foreach (var (parameter, index) in _parameters.Values.Select((parameter, index) => (parameter, index)))
        {
            using var noise = MonteCarlo.Noise(seed + index, parameter.shape);
            parameter.PlusInPlace(noise.Times(0.5));
        }

        // Standard deviations that move with z or with the block before would not leave x normal.
        LatentWeight.narrow(2, Largest, Largest).zero_();
        PreviousWeight.narrow(2, Largest, Largest).zero_();
    }

    public DensityModel Model { get; }

    private torch.Tensor LatentWeight => _parameters["likelihood.latent.weight0"];

    private torch.Tensor LatentBias => _parameters["likelihood.latent.bias0"];

    private torch.Tensor PreviousWeight => _parameters["likelihood.residual.evidence.weight0"];

    private torch.Tensor PreviousBias => _parameters["likelihood.residual.evidence.bias0"];

    public void Dispose() => Model.Dispose();

    /// <summary>log N(x; m, C) in nats, [B], with mean and covariance written out in full.</summary>
    public torch.Tensor LogDensity(torch.Tensor x)
    {
        // x = m + A (eps_1, eps_2, n): block 2 also takes what moves block 1, through V.
        var noiseToData = torch.eye(Pixels, dtype: torch.ScalarType.Float64);
        noiseToData.narrow(0, Sizes[0], Sizes[1]).narrow(1, 0, Sizes[0]).copy_(Previous().t());
        var slopes = torch.zeros([Pixels, Layers], torch.ScalarType.Float64);
        slopes.narrow(0, 0, Sizes[0]).select(1, 0).copy_(Slope(0));
        slopes.narrow(0, Sizes[0], Sizes[1]).select(1, 1).copy_(Slope(1));
        var moves = noiseToData.mm(torch.cat([slopes, torch.diag(torch.cat([Scale(0), Scale(1)]))], 1));
        var covariance = moves.mm(moves.t());
        var mean = noiseToData.mv(torch.cat([Offset(0), Offset(1)]));
        var residual = x - mean;
        var (_, logDeterminant) = torch.linalg.slogdet(covariance);
        var squared = (torch.linalg.solve(covariance, residual.t()).t() * residual).sum([1]);
        return squared.Plus(logDeterminant).Plus(Pixels * Math.Log(2 * Math.PI)).Times(-0.5);
    }

    /// <summary>
    /// Writes a posterior into the encoder: the exact one (the posterior of a Bayesian linear regression, by layer), or one
    /// whose mean and standard deviation are off by the given shift and factor.
    /// </summary>
    public void SetPosterior(double shift = 0, double factor = 1)
    {
        var weight = _parameters["encoder.networks.weight0"].zero_();
        var bias = _parameters["encoder.networks.bias0"].zero_();
        for (int layer = 0; layer < Layers; layer++)
        {
            var precisions = Scale(layer).Square().reciprocal();
            double variance = 1 / (1 + (Slope(layer).Square() * precisions).sum().item<double>());
            var gain = (Slope(layer) * precisions).Times(variance);
            int start = layer * Sizes[0];
            weight[layer].select(1, 0).narrow(0, start, Sizes[layer]).copy_(gain);
            if (layer == 1)
            {
                weight[layer].select(1, 0).narrow(0, 0, Sizes[0]).copy_(-Previous().mv(gain));
            }

            bias[layer, 0, 0] = shift - (gain * Offset(layer)).sum().item<double>();
            bias[layer, 0, 1] = Logit(Math.Sqrt(variance) * factor) - Logit(InitialResidualScale);
        }
    }

    private static double Logit(double p) => Math.Log(p / (1 - p));

    /// <summary>dx_l / d eps_l, [D_l].</summary>
    private torch.Tensor Slope(int layer) => Mean(LatentWeight[layer, 0], layer).Times(Code(layer, 1) - Code(layer, 0));

    /// <summary>The mean of block l at eps_l = 0 and x_{l-1} = 0, [D_l].</summary>
    private torch.Tensor Offset(int layer)
    {
        var offset = Mean(LatentBias[layer, 0], layer).Plus(Mean(LatentWeight[layer, 0], layer).Times(Code(layer, 0)));
        return layer == 0 ? offset : offset.Plus(Mean(PreviousBias[0, 0], layer));
    }

    /// <summary>V: how the mean of block 2 moves with block 1, [D_1, D_2].</summary>
    private torch.Tensor Previous() => PreviousWeight[0].narrow(1, 0, Sizes[1]);

    /// <summary>Standard deviations of block l, [D_l].</summary>
    private torch.Tensor Scale(int layer)
    {
        var raw = LatentBias[layer, 0].narrow(0, Largest, Sizes[layer]);
        raw = layer == 0 ? raw : raw.Plus(PreviousBias[0, 0].narrow(0, Largest, Sizes[layer]));
        return raw.exp().log1p().Plus(ScaleFloor);
    }

    private static torch.Tensor Mean(torch.Tensor parameters, int layer) => parameters.narrow(0, 0, Sizes[layer]);

    private double Code(int layer, double eps) => ((SelfReflectiveHierarchy)Model.Hierarchy)
        .BindBijector(layer, [])
        .Transform(TensorArithmetic.Full([1], eps, torch.ScalarType.Float64))
        .item<double>();
}
