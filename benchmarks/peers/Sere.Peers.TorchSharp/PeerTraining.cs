using Sere.Numerics;
using TorchSharp;

namespace Sere.Peers.TorchSharp;

/// <summary>A model with its optimizer, and whole training steps.</summary>
public sealed class PeerTraining : IDisposable
{
    private readonly PeerSettings _settings;
    private readonly torch.optim.Optimizer _optimizer;

    /// <summary>Training with TorchSharp's own Adam.</summary>
    public PeerTraining(PeerSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        _settings = settings;
        Model = new SelfReflectiveAutoencoder(settings);
        _optimizer = torch.optim.Adam(
            Model.parameters(), settings.LearningRate, settings.Beta1, settings.Beta2, settings.Epsilon);
    }

    /// <summary>The model.</summary>
    public SelfReflectiveAutoencoder Model { get; }

    /// <summary>One step: the loss in nats and the norm of its gradient before it is clipped.</summary>
    /// <param name="x">Binary images, [B, D].</param>
    /// <param name="noise">Standard normal noise, [B, L N].</param>
    public (double Loss, double GradientNorm) Step(torch.Tensor x, torch.Tensor noise)
    {
        using var scope = torch.NewDisposeScope();
        _optimizer.zero_grad();
        var (logLikelihood, divergence) = Model.Forward(x, noise);
        var loss = (divergence.Times(_settings.Annealing) - logLikelihood).mean();
        loss.backward();
        double norm = torch.nn.utils.clip_grad_norm_(Model.parameters(), _settings.GradientClip);
        _optimizer.step();
        return (loss.item<float>(), norm);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _optimizer.Dispose();
        Model.Dispose();
    }
}
