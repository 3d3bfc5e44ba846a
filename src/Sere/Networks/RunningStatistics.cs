using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// The tensors of a model that training moves without a gradient, and that belong to its weights: the running averages of
/// batch normalization.
/// </summary>
internal static class RunningStatistics
{
    /// <summary>Their names in the model, and the tensors themselves.</summary>
    public static IReadOnlyList<(string Name, torch.Tensor Value)> Of(torch.nn.Module model) =>
    [
        .. model.named_modules()
            .Where(entry => entry.module is BatchNormalization)
            .DistinctBy(entry => entry.module)
            .SelectMany(entry => Of(entry.name, (BatchNormalization)entry.module)),
    ];

    private static (string Name, torch.Tensor Value)[] Of(string name, BatchNormalization layer) =>
        [($"{name}.running_mean", layer.RunningMean), ($"{name}.running_variance", layer.RunningVariance)];
}
