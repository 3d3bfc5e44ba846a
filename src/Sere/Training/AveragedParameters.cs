using Sere.Numerics;
using TorchSharp;

namespace Sere.Training;

/// <summary>An exponential moving average of the parameters, for evaluation.</summary>
public sealed class AveragedParameters : IDisposable
{
    private readonly double _decay;

    /// <summary>An average that starts at the given values.</summary>
    /// <param name="values">Parameters.</param>
    /// <param name="decay">d; the decay of update t is min(d, (1 + t) / (10 + t)), so that the start is soon forgotten.</param>
    public AveragedParameters(torch.Tensor values, double decay)
    {
        ArgumentNullException.ThrowIfNull(values);
        _decay = decay;
        Values = values.detach().clone().DetachFromDisposeScope();
    }

    /// <summary>The average.</summary>
    public torch.Tensor Values { get; }

    /// <summary>Takes the parameters after update <paramref name="step"/> (from 0) into the average.</summary>
    /// <param name="values">
    /// The first of the values that it started with, as far as they move: an average of what is fixed would round it.
    /// </param>
    /// <param name="step">Which update.</param>
    public void Update(torch.Tensor values, long step)
    {
        ArgumentNullException.ThrowIfNull(values);
        using var noGrad = torch.no_grad();
        using var moving = Values.narrow(0, 0, values.numel());
        double decay = Math.Min(_decay, (1.0 + step) / (10.0 + step));
        moving.TimesInPlace(decay).PlusInPlace(values, 1 - decay);
    }

    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();
}
