using System.Security.Cryptography;

namespace Sere.Storage;

/// <summary>The digest by which a damaged file is told from a sound one.</summary>
public static class ContentDigest
{
    /// <summary>The SHA-256 of a file's content: 64 lower-case hexadecimal digits.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="SereException">The file cannot be read.</exception>
    public static string OfFile(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        try
        {
            using FileStream stream = File.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(stream));
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            throw FileFault.Reading(path, error);
        }
    }
}
