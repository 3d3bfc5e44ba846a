using Sere.Data;
using Sere.Models;
using Sere.Numerics;
using Sere.Peers.Reference;
using Sere.Peers.TorchSharp;
using Sere.Runs.Configuration;
using Sere.Tests.Laws;
using Sere.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Peers;

/// <summary>
/// What the benchmark in benchmarks/peers compares is the same work: the model that is written layer by layer has Sere's
/// loss, gradients and training steps, the short last block and the joint residual included.
/// </summary>
/// <remarks>
/// Seen to fail with, in the peer: the bound of u left at 1; eq. 10 without the factor (1 - ds) on mu; the join left out;
/// the gradient not clipped.
/// </remarks>
public sealed class LayerwisePeerTests : IDisposable
{
    private const int Dimensions = 10;
    private const int Batch = 5;
    private const double Tolerance = 1e-4;
    private readonly DisposeScope _scope = torch.NewDisposeScope();
    private readonly PeerSettings _settings;
    private readonly DensityModel _model;
    private readonly FlatParameters _parameters;
    private readonly PeerTraining _peer;
    private readonly torch.Tensor _x;
    private readonly torch.Tensor _noise;

    public LayerwisePeerTests()
    {
        var configuration = ConfigurationOverrides.Apply(
            Presets.Load("mnist-mlp"),
            [
                "model.layers=3",
                "model.latents=12",
                "model.evidence.network.hidden=[9,8]",
                "model.prior.network.hidden=[7,6]",
                "model.bijector.network.hidden=[6]",
                "model.data.network.hidden=[8,7]",
                "training.gradientClip=0.1",
            ]);
        _settings = ReferenceCase.Settings(configuration, Dimensions);
        _model = configuration.Model.Build(new ImageShape(1, 1, Dimensions), seed: 3);
        _parameters = new FlatParameters(_model);
        using var generator = new torch.Generator(4, torch.CPU);
        using (torch.no_grad())
        {
            // Away from zero: weights that start there would hide a wrong use of them.
            _parameters.Values.PlusInPlace(torch.randn(_parameters.Values.shape, generator: generator).Times(0.2));
        }

        _x = torch.bernoulli(TensorArithmetic.Full([Batch, Dimensions], 0.5), generator);
        _noise = torch.randn([Batch, _model.NoiseSize], generator: generator);
        _peer = new PeerTraining(_settings);
        _peer.Model.Load(LayerwiseParameters.Split(ReferenceCase.Named(_parameters, _parameters.Values), _settings));
    }

    [Fact]
    public void The_peer_has_the_loss_and_the_gradients_of_the_model()
    {
        double loss = ReferenceCase.Gradient(_model, _parameters, _settings, _x, _noise);
        var (logLikelihood, divergence) = _peer.Model.Forward(_x, _noise);
        var peerLoss = (divergence.Times(_settings.Annealing) - logLikelihood).mean();
        peerLoss.backward();

        Assert.Equal(loss, peerLoss.item<float>(), Tolerance);
        var expected = LayerwiseParameters.Split(ReferenceCase.Named(_parameters, _parameters.Gradients), _settings);
        var actual = _peer.Model.named_parameters().ToArray();
        Assert.Equal(expected.Keys.Order(StringComparer.Ordinal), actual.Select(named => named.name).Order(StringComparer.Ordinal));
        foreach (var (name, parameter) in actual)
        {
            Assert.True(expected[name].any().item<bool>(), $"The gradient of {name} is zero.");
            TensorAssert.Close(expected[name], parameter.grad!, Tolerance, name);
        }
    }

    [Fact]
    public void Steps_of_the_peer_are_those_of_the_model()
    {
        var expected = ReferenceCase.Run(_model, _parameters, _settings, _x, _noise);
        Assert.All(expected, step => Assert.True(step.GradientNorm > _settings.GradientClip, "Nothing is clipped."));
        foreach (var (loss, gradientNorm) in expected)
        {
            var step = _peer.Step(_x, _noise);
            Assert.Equal(loss, step.Loss, Tolerance);
            Assert.Equal(gradientNorm, step.GradientNorm, Tolerance * gradientNorm);
        }

        var weights = LayerwiseParameters.Split(ReferenceCase.Named(_parameters, _parameters.Values), _settings);
        foreach (var (name, parameter) in _peer.Model.named_parameters())
        {
            TensorAssert.Close(weights[name], parameter, Tolerance, name);
        }
    }

    [Fact]
    public void A_model_that_the_peers_do_not_have_is_refused()
    {
        var configuration = ConfigurationOverrides.Apply(
            Presets.Load("mnist-mlp"), ["model.data.residual=evidence"]);
        Assert.Throws<UsageException>(() => ReferenceCase.Settings(configuration, Dimensions));
    }

    public void Dispose()
    {
        _peer.Dispose();
        _parameters.Dispose();
        _model.Dispose();
        _scope.Dispose();
    }
}
