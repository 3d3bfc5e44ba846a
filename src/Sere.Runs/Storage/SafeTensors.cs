using TorchSharp;

namespace Sere.Storage;

/// <summary>
/// Tensors by name in a file of the public safetensors format, which Python and many other languages read. Reading one
/// runs no code and takes memory in proportion to the file.
/// </summary>
internal static class SafeTensors
{
    // Large enough to keep the disk busy, small enough for the 32-bit length of a span at any element size.
    private const long ChunkLength = 1L << 26;

    /// <summary>Writes tensors to a file, whole or not at all. Tensors are copied to the CPU one at a time.</summary>
    public static void Write(
        string path,
        IEnumerable<(string Name, torch.Tensor Value)> tensors,
        IReadOnlyDictionary<string, string>? metadata = null,
        IFileSystem? files = null)
    {
        (string Name, torch.Tensor Value)[] all = [.. tensors];
        SafeTensorsEntry[] entries = Arrange(all);
        byte[] head = SafeTensorsHeader.Encode(entries, metadata);
        AtomicFile.Write(
            path,
            stream =>
            {
                stream.Write(head);
                foreach (int index in Enumerable.Range(0, all.Length).OrderBy(index => entries[index].Begin))
                {
                    ForEachByte(all[index].Value, chunk => stream.Write(chunk));
                }
            },
            files);
    }

    /// <summary>Reads a file. The caller disposes the result; no open dispose scope holds its tensors.</summary>
    /// <param name="path">The file.</param>
    /// <param name="check">Looks at the open file first, which nobody can exchange any more.</param>
    /// <param name="isWanted">Which tensors are read; null for all.</param>
    /// <exception cref="SereException">The file cannot be read, or is damaged; the message says where.</exception>
    public static SafeTensorsFile Read(string path, Action<Stream>? check = null, Predicate<string>? isWanted = null) =>
        FileFault.Reading(path, () =>
        {
            try
            {
                using FileStream file = OrdinaryFile.OpenRead(path);
                check?.Invoke(file);
                file.Position = 0;
                return ReadTensors(file, SafeTensorsHeaderReader.Read(file), isWanted ?? (static _ => true));
            }
            catch (InvalidDataException error)
            {
                throw new SereException(
                    $"The file '{path}' is not a sound safetensors file because {error.Message}; restore it or write it anew.",
                    error);
            }
        });

    private static SafeTensorsEntry[] Arrange((string Name, torch.Tensor Value)[] tensors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal) { SafeTensorsHeader.MetadataName };
        var entries = new SafeTensorsEntry[tensors.Length];
        foreach ((string name, torch.Tensor value) in tensors)
        {
            if (!names.Add(name))
            {
                throw new ArgumentException($"The name '{name}' is taken in a safetensors file.", nameof(tensors));
            }

            if (!SafeTensorsTypes.IsSupported(value.dtype))
            {
                throw new ArgumentException(
                    $"Tensor '{name}' has type {value.dtype}, which a safetensors file does not hold.", nameof(tensors));
            }
        }

        // Wide elements first: then every tensor's data is aligned to its element size without holes between them.
        long position = 0;
        foreach (int index in Enumerable.Range(0, tensors.Length)
            .OrderByDescending(index => SafeTensorsTypes.SizeOf(tensors[index].Value.dtype)))
        {
            (string name, torch.Tensor value) = tensors[index];
            long end = position + (value.numel() * SafeTensorsTypes.SizeOf(value.dtype));
            entries[index] = new SafeTensorsEntry(name, value.dtype, value.shape, position, end);
            position = end;
        }

        return entries;
    }

    /// <summary>Gives the bytes of a tensor piece by piece, in the order of its elements.</summary>
    internal static void ForEachByte(torch.Tensor tensor, SpanAction action)
    {
        using torch.Tensor detached = tensor.detach();
        using torch.Tensor local = detached.cpu();
        using torch.Tensor contiguous = local.contiguous();
        ForEachChunk(contiguous, action);
    }

    private static SafeTensorsFile ReadTensors(FileStream file, SafeTensorsHeader header, Predicate<string> isWanted)
    {
        var tensors = new OrderedDictionary<string, torch.Tensor>(header.Entries.Count, StringComparer.Ordinal);
        var result = new SafeTensorsFile(tensors, header.Metadata);
        try
        {
            foreach (SafeTensorsEntry entry in header.Entries.Where(entry => isWanted(entry.Name)))
            {
                torch.Tensor tensor = torch.empty(entry.Shape, entry.Type, torch.CPU).DetachFromDisposeScope();
                tensors.Add(entry.Name, tensor);
                file.Position = header.DataOffset + entry.Begin;
                ForEachChunk(tensor, chunk => file.ReadExactly(chunk));
            }
        }
        catch
        {
            result.Dispose();
            throw;
        }

        return result;
    }

    // A span holds at most 2 GB; a tensor may hold more.
    private static void ForEachChunk(torch.Tensor contiguous, SpanAction action)
    {
        long count = contiguous.numel();
        if (count == 0)
        {
            return;
        }

        using torch.Tensor flat = contiguous.view(count);
        for (long start = 0; start < count; start += ChunkLength)
        {
            using torch.Tensor chunk = flat.narrow(0, start, Math.Min(ChunkLength, count - start));
            action(chunk.bytes);
        }
    }

    /// <summary>Takes a piece of a tensor's bytes.</summary>
    internal delegate void SpanAction(Span<byte> bytes);
}

/// <summary>What a safetensors file holds. Disposing it disposes the tensors.</summary>
/// <param name="tensors">The tensors by name, on the CPU, in the order in which they were given to the writer.</param>
/// <param name="metadata">Free text by name; empty if the file has none.</param>
internal sealed class SafeTensorsFile(
    OrderedDictionary<string, torch.Tensor> tensors, IReadOnlyDictionary<string, string> metadata) : IDisposable
{
    public IReadOnlyDictionary<string, string> Metadata => metadata;

    public IReadOnlyDictionary<string, torch.Tensor> Tensors => tensors;

    public void Dispose()
    {
        foreach (torch.Tensor tensor in tensors.Values)
        {
            tensor.Dispose();
        }
    }
}
