using System.Runtime.Versioning;

namespace Sere.Numerics;

/// <summary>Keeps patched copies of native libraries in a folder, one file for each content.</summary>
[SupportedOSPlatform("linux")]
internal static class PatchedLibraryCache
{
    /// <summary>
    /// The user's own folder for such copies: <c>sere/native</c> in <c>$XDG_CACHE_HOME</c> or in <c>~/.cache</c>; null
    /// for a user without a home.
    /// </summary>
    public static string? UserFolder()
    {
        string? cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (!Path.IsPathFullyQualified(cache ?? ""))
        {
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            cache = home.Length == 0 ? null : Path.Combine(home, ".cache");
        }

        return cache is null ? null : Path.Combine(cache, "sere", "native");
    }

    /// <summary>
    /// Makes sure that <paramref name="folder"/> holds a file with exactly <paramref name="content"/>. An intact file is
    /// left as it is; a missing or damaged one is written under another name and moved into place, which is safe while
    /// other processes use or write it.
    /// </summary>
    /// <returns>The full path of the file.</returns>
    /// <exception cref="IOException">The folder or the file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder or the file cannot be written.</exception>
    public static string Store(string folder, string name, ReadOnlySpan<byte> content)
    {
        Directory.CreateDirectory(
            folder,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        string path = Path.Combine(Path.GetFullPath(folder), name);
        if (Holds(path, content))
        {
            return path;
        }

        string unfinished = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (var stream = new FileStream(unfinished, FileMode.CreateNew, FileAccess.Write))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            File.Move(unfinished, path, overwrite: true);
        }
        finally
        {
            File.Delete(unfinished);
        }

        return Holds(path, content)
            ? path
            : throw new IOException($"The file {path} does not hold what was written to it.");
    }

    // The whole content is compared, not a length or a stored digest: it is 2 MB, and nothing else shows that the
    // bytes about to be executed are the ones that were meant.
    private static bool Holds(string path, ReadOnlySpan<byte> content)
    {
        var file = new FileInfo(path);
        return file.Exists && file.Length == content.Length && content.SequenceEqual(File.ReadAllBytes(path));
    }
}
