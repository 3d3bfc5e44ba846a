using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// The tensors of a model that training moves without a gradient, and that belong to its weights: the running averages of
/// batch normalization, and what was fitted to the training data.
/// </summary>
internal static class RunningStatistics
{
    /// <summary>Their names in the model, and the tensors themselves.</summary>
    public static IReadOnlyList<(string Name, torch.Tensor Value)> Of(torch.nn.Module model) =>
    [
        .. model.named_modules()
            .Where(entry => entry.module is IRunningStatistics)
            .DistinctBy(entry => entry.module)
            .SelectMany(entry => ((IRunningStatistics)entry.module).Statistics
                .Select(statistic => ($"{entry.name}.{statistic.Name}", statistic.Value))),
    ];
}
