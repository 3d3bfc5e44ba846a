using TorchSharp;

namespace Sere.Storage;

/// <summary>What a safetensors file holds. Disposing it disposes the tensors.</summary>
public sealed class SafeTensorsFile : IDisposable
{
    private readonly OrderedDictionary<string, torch.Tensor> _tensors;

    internal SafeTensorsFile(
        OrderedDictionary<string, torch.Tensor> tensors,
        IReadOnlyDictionary<string, string> metadata)
    {
        _tensors = tensors;
        Metadata = metadata;
    }

    /// <summary>Free text by name; empty if the file has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensors by name, on the CPU, in the order in which they were given to the writer.</summary>
    public IReadOnlyDictionary<string, torch.Tensor> Tensors => _tensors;

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        foreach (torch.Tensor tensor in _tensors.Values)
        {
            tensor.Dispose();
        }
    }
}
