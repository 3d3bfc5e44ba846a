using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// The tensors of a model that have no gradient, and that belong to its weights: the running averages of batch
/// normalization, and what is fixed before the first step, such as what was fitted to the training data.
/// </summary>
internal static class RunningStatistics
{
    /// <summary>Lets a module own its statistics, so that they go with it.</summary>
    public static void Register<T>(T module)
        where T : torch.nn.Module, IRunningStatistics
    {
        foreach (var (name, value) in module.Statistics)
        {
            module.register_buffer(name, value);
        }
    }

    /// <summary>The names in the model of all, and the tensors themselves: those that training moves, then the fixed ones.</summary>
    public static IReadOnlyList<(string Name, torch.Tensor Value)> Of(torch.nn.Module model) =>
        [.. Of(model, areFixed: false), .. Of(model, areFixed: true)];

    /// <summary>Those that training moves, or those that it leaves as they are.</summary>
    public static IReadOnlyList<(string Name, torch.Tensor Value)> Of(torch.nn.Module model, bool areFixed) =>
    [
        .. model.named_modules()
            .Where(entry => entry.module is IRunningStatistics statistics && statistics.AreFixed == areFixed)
            .DistinctBy(entry => entry.module)
            .SelectMany(entry => ((IRunningStatistics)entry.module).Statistics
                .Select(statistic => ($"{entry.name}.{statistic.Name}", statistic.Value))),
    ];
}

/// <summary>A module with tensors that have no gradient, and that belong to the weights.</summary>
internal interface IRunningStatistics
{
    /// <summary>Their names in the module, and the tensors themselves.</summary>
    IReadOnlyList<(string Name, torch.Tensor Value)> Statistics { get; }

    /// <summary>Whether training leaves them as they were before its first step.</summary>
    bool AreFixed => false;
}
