using Sere.Models.Configuration;
using TorchSharp;

namespace Sere.Training;

/// <summary>Builds optimizers from their configuration.</summary>
internal static class OptimizerFactory
{
    /// <summary>An optimizer with zero state for parameters laid out as <paramref name="values"/>.</summary>
    public static Optimizer Create(OptimizerConfiguration configuration, torch.Tensor values) => configuration switch
    {
        AdamConfiguration => new Adam(values, configuration.Beta1, configuration.Beta2, configuration.Epsilon),
        AdamaxConfiguration => new Adamax(values, configuration.Beta1, configuration.Beta2, configuration.Epsilon),
        _ => throw new UsageException($"Optimizers of the kind {configuration?.GetType().Name} cannot be built."),
    };
}
