using TorchSharp;

namespace Sere.Bijectors;

/// <summary>Amortized bijectors one after the other, which all see one context.</summary>
public sealed class FlowLayer : AmortizedBijector
{
    private readonly AmortizedBijector[] _steps;

    /// <summary>A flow in the order of application.</summary>
    /// <param name="steps">Its steps, at least one; those with parameters of a context take the same.</param>
    public FlowLayer(params IReadOnlyList<AmortizedBijector> steps)
        : base(nameof(FlowLayer))
    {
        ArgumentNullException.ThrowIfNull(steps);
        ArgumentOutOfRangeException.ThrowIfZero(steps.Count, nameof(steps));
        _steps = [.. steps];
        foreach (var (index, step) in steps.Index())
        {
            register_module($"step{index}", step);
        }
    }

    /// <inheritdoc/>
    public override Bijector Bind(torch.Tensor? context) =>
        new ChainBijector([.. _steps.Select(step => step.Bind(context))]);

    /// <summary>
    /// Fits the statistics of batch normalization to data: each layer's to what the steps before it make of the data.
    /// </summary>
    /// <param name="batches">The data, each [B, N], overwritten by what the flow makes of it.</param>
    /// <param name="contexts">The context of each batch; null for none.</param>
    public void FitStatistics(IList<torch.Tensor> batches, IReadOnlyList<torch.Tensor?> contexts)
    {
        ArgumentNullException.ThrowIfNull(batches);
        ArgumentNullException.ThrowIfNull(contexts);
        using var noGrad = torch.no_grad();
        foreach (var step in _steps)
        {
            if (step is BatchNormalizationLayer normalization)
            {
                using var all = torch.cat(batches);
                normalization.Statistics.Fit(all);
            }

            for (int batch = 0; batch < batches.Count; batch++)
            {
                using var scope = torch.NewDisposeScope();
                batches[batch].copy_(step.Bind(contexts[batch]).Transform(batches[batch]));
            }
        }
    }

    /// <summary>Whether the flow has statistics to fit.</summary>
    public bool HasStatistics => _steps.Any(step => step is BatchNormalizationLayer);
}
