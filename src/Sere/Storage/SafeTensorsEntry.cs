using TorchSharp;

namespace Sere.Storage;

/// <summary>One tensor as the header of a safetensors file describes it.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">The type of its elements.</param>
/// <param name="Shape">Its sizes; none for a scalar.</param>
/// <param name="Begin">Where its bytes begin, counted from the end of the header.</param>
/// <param name="End">Where its bytes end, counted from the end of the header.</param>
internal sealed record SafeTensorsEntry(string Name, torch.ScalarType Type, long[] Shape, long Begin, long End)
{
    /// <summary>How many bytes the tensor takes.</summary>
    public long ByteCount => End - Begin;
}
