using TorchSharp;

namespace Sere.Networks;

/// <summary>A module with tensors that have no gradient, and that belong to the weights.</summary>
internal interface IRunningStatistics
{
    /// <summary>Their names in the module, and the tensors themselves.</summary>
    IReadOnlyList<(string Name, torch.Tensor Value)> Statistics { get; }

    /// <summary>Whether training leaves them as they were before its first step.</summary>
    bool AreFixed => false;
}
