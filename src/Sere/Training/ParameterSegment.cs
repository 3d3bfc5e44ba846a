using TorchSharp;

namespace Sere.Training;

/// <summary>The place of a parameter, or of a running statistic of the model, in the flat tensors.</summary>
/// <param name="Name">Its name in the model.</param>
/// <param name="Parameter">The parameter or statistic, a view of the flat values.</param>
/// <param name="Offset">Index of its first element.</param>
/// <param name="Length">Number of its elements.</param>
public sealed record ParameterSegment(string Name, torch.Tensor Parameter, long Offset, long Length);
