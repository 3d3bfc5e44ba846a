using System.Security.Cryptography;
using System.Text;
using TorchSharp;

namespace Sere.Storage;

/// <summary>The digest by which a damaged file is told from a sound one.</summary>
internal static class ContentDigest
{
    /// <summary>The SHA-256 of a file's content: 64 lower-case hexadecimal digits.</summary>
    public static string OfFile(string path) => FileFault.Reading(path, () =>
    {
        using FileStream stream = OrdinaryFile.OpenRead(path);
        return OfStream(stream);
    });

    /// <summary>The SHA-256 of a text in UTF-8: 64 lower-case hexadecimal digits.</summary>
    internal static string OfText(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>The SHA-256 of what a stream holds from its position on.</summary>
    internal static string OfStream(Stream stream) => Convert.ToHexStringLower(SHA256.HashData(stream));

    /// <summary>The SHA-256 of named tensors, of their names, types, shapes and bits: 64 lower-case hexadecimal digits.</summary>
    /// <param name="tensors">The tensors; their order counts.</param>
    public static string OfTensors(IEnumerable<(string Name, torch.Tensor Value)> tensors)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, value) in tensors)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}\n{value.dtype} {string.Join(' ', value.shape)}\n"));
            SafeTensors.ForEachByte(value, chunk => hash.AppendData(chunk));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
