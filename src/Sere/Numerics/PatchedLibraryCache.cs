using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;

namespace Sere.Numerics;

/// <summary>Keeps patched copies of native libraries in a folder, one file for each content.</summary>
[SupportedOSPlatform("linux")]
internal static partial class PatchedLibraryCache
{
    private const UnixFileMode OwnFolderMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const int FolderType = 0x4000;
    private const int FileType = 0x8000;

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
    /// As <see cref="Store"/>, in a folder that may have been there before: it and the one around it, which bear this
    /// library's name, must belong to the current user and let nobody else write.
    /// </summary>
    /// <exception cref="IOException">Somebody else could exchange the file, or as there.</exception>
    /// <exception cref="UnauthorizedAccessException">As there.</exception>
    public static string StoreInOwn(string folder, string name, ReadOnlySpan<byte> content)
    {
        folder = Path.GetFullPath(folder);
        foreach (string one in (string[])[Path.GetDirectoryName(folder)!, folder])
        {
            Directory.CreateDirectory(one, OwnFolderMode);
            if (!IsOwn(one, FolderType))
            {
                throw new IOException($"The folder {one} is not this user's alone.");
            }
        }

        return Store(folder, name, content);
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
        Directory.CreateDirectory(folder, OwnFolderMode);
        string path = Path.Combine(Path.GetFullPath(folder), name);
        // Whoever else owns the file may have it open and write to it later.
        if (IsOwn(path, FileType) && Holds(path, content))
        {
            return path;
        }

        string unfinished = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            };
            using (var stream = new FileStream(unfinished, options))
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

    /// <summary>
    /// Whether something is of a kind, no link, the current user's, and open to nobody else's writing. False too where the
    /// system cannot tell (before glibc 2.28).
    /// </summary>
    private static bool IsOwn(string path, int type)
    {
        const int CurrentFolder = -100;
        const int DoNotFollow = 0x100;
        const uint TypeModeAndOwner = 0b1011;
        const int WritableByOthers = 0x12;
        Span<byte> status = stackalloc byte[256];
        try
        {
            if (GetStatus(CurrentFolder, path, DoNotFollow, TypeModeAndOwner, ref MemoryMarshal.GetReference(status)) != 0)
            {
                return false;
            }

            // Of struct statx, which is the same on all processors: stx_uid and stx_mode.
            int mode = BinaryPrimitives.ReadUInt16LittleEndian(status[28..]);
            return BinaryPrimitives.ReadUInt32LittleEndian(status[20..]) == GetUser()
                && (mode & 0xF000) == type
                && (mode & WritableByOthers) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int GetStatus(int folder, string path, int flags, uint mask, ref byte status);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial uint GetUser();
}
