using TorchSharp.Modules;

namespace Sere.Training;

/// <summary>One parameter's place in the flat buffers.</summary>
/// <param name="Name">The parameter's name in the model.</param>
/// <param name="Parameter">The parameter, a view of the flat values.</param>
/// <param name="Offset">Index of its first element.</param>
/// <param name="Length">Number of its elements.</param>
public sealed record ParameterSegment(string Name, Parameter Parameter, long Offset, long Length);
