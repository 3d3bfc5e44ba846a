using Sere.Bijectors;
using Sere.Data;
using Sere.Distributions;
using Sere.Kernels;
using Sere.Likelihoods;
using Sere.Models;
using Sere.Networks;
using Sere.Peers.TorchSharp;
using Sere.Runs.Configuration;
using Sere.Storage;
using Sere.Training;
using TorchSharp;

namespace Sere.Peers.Reference;

/// <summary>The fixed case that the programs must agree on: weights, a batch and its noise, and steps from there.</summary>
public static class ReferenceCase
{
    private const int Steps = 3;
    private const double Annealing = 0.7;

    /// <summary>What the peers need to know of a configuration.</summary>
    /// <exception cref="UsageException">The peers do not have such a model.</exception>
    public static PeerSettings Settings(ExperimentConfiguration configuration, int dimensions)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var model = (VariationalAutoencoder)configuration.Model;
        var evidence = (PerceptronDesign)((IndependentEvidence)model.Evidence).Network;
        var prior = (PerceptronDesign)model.Prior.Network;
        var affine = (RankOneAffine)model.Bijector;
        var bijector = (PerceptronDesign)affine.Network;
        var data = (PerceptronDesign)model.Data.Network;
        bool coupled = model.Coupling is { Prior: true, Bijector: true, Data: true } && model.Latents.IsUniform;
        bool same = model.Posterior.Residual == PosteriorResidual.Scaled && model.Data.Residual == DataResidual.Joint
            && model.Data is BernoulliData && configuration.Training.Optimizer is AdamChoice;
        if (!coupled || !same || new[] { evidence, prior, bijector, data }.Any(network => network.Activation != Activation.Elu))
        {
            throw new UsageException($"The peers have no model like '{configuration.Name}'; compare preset mnist-mlp.");
        }

        var optimizer = configuration.Training.Optimizer;
        return new PeerSettings
        {
            Dimensions = dimensions,
            Layers = model.Layers,
            Latents = model.Latents.ForLayers(model.Layers)[0],
            EvidenceHidden = [.. evidence.Hidden],
            PriorHidden = [.. prior.Hidden],
            BijectorHidden = [.. bijector.Hidden],
            DataHidden = [.. data.Hidden],
            MeanBound = model.Prior.MeanBound,
            ScaleFloor = model.Prior.ScaleFloor,
            ScaleCeiling = model.Prior.ScaleCeiling,
            InitialResidualScale = model.Posterior.InitialScale,
            DiagonalFloor = affine.DiagonalFloor,
            DiagonalCeiling = affine.DiagonalCeiling,
            Annealing = Annealing,
            LearningRate = optimizer.LearningRate,
            Beta1 = optimizer.Beta1,
            Beta2 = optimizer.Beta2,
            Epsilon = optimizer.Epsilon,
            GradientClip = configuration.Training.GradientClip ?? double.PositiveInfinity,
            Batch = configuration.Training.BatchSize,
        };
    }

    /// <summary>The settings in a file that <see cref="Write"/> wrote.</summary>
    public static PeerSettings ReadSettings(string path)
    {
        using var file = SafeTensors.Read(path);
        return PeerSettings.Parse(file.Metadata["settings"]);
    }

    /// <summary>Writes weights, batch, noise and the images to train on.</summary>
    public static void Write(
        string path,
        FlatParameters parameters,
        PeerSettings settings,
        torch.Tensor x,
        torch.Tensor noise,
        ImageSet images)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(images);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        SafeTensors.Write(
            path,
            [
                .. LayerwiseParameters.Split(Named(parameters, parameters.Values), settings)
                    .Select(tensor => (tensor.Key, tensor.Value)),
                ("x", x),
                ("noise", noise),
                ("images", images.ToTensor()),
            ],
            new Dictionary<string, string>(StringComparer.Ordinal) { ["settings"] = settings.ToJson() });
    }

    /// <summary>Tensors laid out as the parameters, by the parameters' names.</summary>
    public static IReadOnlyDictionary<string, torch.Tensor> Named(FlatParameters parameters, torch.Tensor flat)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return parameters.Unflatten(flat).ToDictionary(part => part.Name, part => part.Value, StringComparer.Ordinal);
    }

    /// <summary>Sere's own steps on one batch: loss in nats and norm of its gradient.</summary>
    public static IReadOnlyList<(double Loss, double GradientNorm)> Run(
        DensityModel model,
        FlatParameters parameters,
        PeerSettings settings,
        torch.Tensor x,
        torch.Tensor noise)
    {
        ArgumentNullException.ThrowIfNull(settings);
        using var optimizer = new Adam(parameters.Trainable, settings.Beta1, settings.Beta2, settings.Epsilon);
        return [.. Enumerable.Range(0, Steps).Select(_ =>
        {
            using var scope = torch.NewDisposeScope();
            double loss = Gradient(model, parameters, settings, x, noise);
            double norm = parameters.GradientNorm();
            double scale = Math.Min(1, settings.GradientClip / norm);
            optimizer.Step(parameters.Trainable, parameters.Gradients, settings.LearningRate, scale);
            return (loss, norm);
        })];
    }

    /// <summary>The loss in nats; its gradient is in the flat buffer afterwards.</summary>
    public static double Gradient(
        DensityModel model,
        FlatParameters parameters,
        PeerSettings settings,
        torch.Tensor x,
        torch.Tensor noise)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(settings);
        parameters.Gradients.zero_();
        var loss = -model.Elbo(model.Encode(x), noise).Annealed(settings.Annealing).mean();
        loss.backward();
        return loss.to(torch.float64).item<double>();
    }
}
