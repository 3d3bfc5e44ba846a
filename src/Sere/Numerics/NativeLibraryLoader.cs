using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;

namespace Sere.Numerics;

/// <summary>
/// Loads libtorch and TorchSharp's native library from the given folders on Linux, by way of a patched copy where the
/// system's C++ library is older than the one TorchSharp was built with. See docs/decisions/native-loading.md.
/// </summary>
[SupportedOSPlatform("linux")]
internal sealed partial class NativeLibraryLoader
{
    /// <summary>The file name of TorchSharp's native library.</summary>
    public const string LibraryFile = "libLibTorchSharp.so";

    /// <summary>The C++ library that TorchSharp's native library needs.</summary>
    public const string StandardLibrary = "libstdc++.so.6";

    /// <summary>The version of it that older systems lack and that is made optional.</summary>
    public const string StandardLibraryVersion = "GLIBCXX_3.4.32";

    // In the order of their dependencies; those after the first need the earlier ones, which a package layout with a
    // folder for each package would not let them find by themselves.
    private static readonly string[] TorchFiles = ["libgomp*.so*", "libc10.so", "libtorch_cpu.so", "libtorch.so"];
    private static readonly string[] CudaFiles = ["libc10_cuda.so", "libtorch_cuda.so"];

    private const int ResolveNow = 2;
    private readonly IReadOnlyList<string> _folders;
    private readonly string? _cacheFolder;
    private readonly string? _torchFolder;

    /// <summary>A loader for the given folders.</summary>
    /// <param name="folders">Where the libraries may lie, in the order of search.</param>
    /// <param name="cacheFolder">Where a patched copy is kept; null to keep none.</param>
    /// <param name="torchFolder">Where libtorch lies, and no other; null where it lies in one of the folders.</param>
    public NativeLibraryLoader(IReadOnlyList<string> folders, string? cacheFolder, string? torchFolder = null)
    {
        _folders = folders;
        _cacheFolder = cacheFolder;
        _torchFolder = torchFolder;
    }

    /// <summary>Why the CUDA part of libtorch, which lies there, was not loaded; null where it was or there is none.</summary>
    public string? CudaFailure { get; private set; }

    private IReadOnlyList<string> TorchFolders => _torchFolder is null ? _folders : [_torchFolder];

    /// <summary>The version of the PyTorch whose libtorch lies in a folder; null where nothing there says it.</summary>
    public static string? VersionOf(string torchFolder)
    {
        try
        {
            using FileStream file = File.OpenRead(Path.Combine(torchFolder, "..", "version.py"));
            byte[] head = new byte[4096];
            string text = Encoding.UTF8.GetString(head, 0, file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false));
            string? line = text.Split('\n').FirstOrDefault(line => line.StartsWith("__version__", StringComparison.Ordinal));
            return line?.Split('\'', '"') is [_, { Length: > 0 and <= 40 } version, _] ? version : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Refuses files that are cut off, as after an interrupted copy: loading one would kill the process. A library that
    /// is in none of the folders is no failure here, since the system may find it elsewhere.
    /// </summary>
    /// <exception cref="SereException">A file is cut off, unreadable or no library.</exception>
    public void CheckFiles()
    {
        foreach (string name in (string[])[.. TorchFiles, LibraryFile])
        {
            if (Find(name, string.Equals(name, LibraryFile, StringComparison.Ordinal) ? _folders : TorchFolders) is string file)
            {
                CheckWhole(file);
            }
        }
    }

    /// <summary>Loads the libraries.</summary>
    /// <returns>The handle of TorchSharp's native library.</returns>
    /// <exception cref="SereException">A file is missing, unreadable or refused by the system.</exception>
    public nint Load()
    {
        string library = Find(LibraryFile, _folders)
            ?? throw new SereException($"The native library {LibraryFile} is in none of these folders: {Listed()}; publish "
                + $"the program with the native files of the NuGet package {NativePackages.TorchSharp}.");
        foreach (string name in TorchFiles)
        {
            if (Find(name, TorchFolders) is string file)
            {
                Load(file);
            }
            else if (_torchFolder is not null && !name.Contains('*', StringComparison.Ordinal))
            {
                throw new SereException($"The folder {_torchFolder} lacks {name} of libtorch; name the one that holds it with "
                    + $"--libtorch or {NativeLibraries.FolderVariable}, .../site-packages/torch/lib of a PyTorch for instance.");
            }
            else if (!name.Contains('*', StringComparison.Ordinal))
            {
                throw new SereException($"The native library {name} of libtorch is in none of these folders: {Listed()}; "
                    + $"reference the NuGet package {NativePackages.Libtorch}, or the one of a CUDA libtorch of that version.");
            }
        }

        if (_torchFolder is not null)
        {
            LoadCuda();
        }

        try
        {
            return LoadWhole(library);
        }
        catch (DllNotFoundException exception)
            when (exception.Message.Contains(StandardLibraryVersion, StringComparison.Ordinal))
        {
            return LoadPatched(library, exception);
        }
        catch (DllNotFoundException exception)
        {
            throw Refused(library, exception);
        }
    }

    /// <summary>The content of the library with the version made optional.</summary>
    /// <exception cref="SereException">The file cannot be read or cannot do without the version.</exception>
    internal static byte[] Patch(ReadOnlySpan<byte> source, string path)
    {
        try
        {
            ElfVersionRequirement requirement =
                ElfVersionPatcher.Find(source, StandardLibrary, StandardLibraryVersion)
                ?? throw new SereException($"The native library {path} does not load, although it does not ask for "
                    + $"{StandardLibraryVersion}; restore the package that it comes from.");
            return requirement.IsUsed
                ? throw new SereException($"The native library {path} uses functions of {StandardLibraryVersion}, which "
                    + $"this system's {StandardLibrary} lacks; install a newer one (GCC 13.2 or later).")
                : ElfVersionPatcher.MakeWeak(source, requirement);
        }
        catch (ElfFormatException exception)
        {
            throw Damaged(path, exception);
        }
    }

    /// <summary>The name of the patched copy of a library with the given content.</summary>
    internal static string CopyName(ReadOnlySpan<byte> source) =>
        $"libLibTorchSharp-{Convert.ToHexStringLower(XxHash128.Hash(source))}.so";

    private nint LoadPatched(string library, DllNotFoundException reason)
    {
        byte[] source = Read(library);
        byte[] patched = Patch(source, library);
        string name = CopyName(source);
        Exception failure = reason;
        if (_cacheFolder is not null)
        {
            try
            {
                return LoadWhole(PatchedLibraryCache.StoreInOwn(_cacheFolder, name, patched));
            }
            catch (Exception exception) when (IsFailureOfPlace(exception))
            {
                failure = exception;
            }
        }

        try
        {
            return LoadFromTemporaryFolder(name, patched);
        }
        catch (Exception exception) when (IsFailureOfPlace(exception))
        {
            throw new SereException(
                $"The native library {library} needs a patched copy on this system, which could be loaded neither from "
                + $"{_cacheFolder ?? "a cache folder (there is none)"} ({Reason(failure)}) nor from {Path.GetTempPath()} "
                + $"({Reason(exception)}); set XDG_CACHE_HOME to a folder that can be written and executed from.",
                exception);
        }
    }

    // A new folder that only this user can enter, so that nobody else can place or change the file; the loaded library
    // outlives its file.
    private nint LoadFromTemporaryFolder(string name, byte[] content)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("sere-native-");
        try
        {
            return LoadWhole(PatchedLibraryCache.Store(folder.FullName, name, content));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void CheckWhole(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            byte[] head = new byte[ElfSegments.HeadLength];
            int length = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            if ((ulong)stream.Length < ElfSegments.LengthToLoad(head.AsSpan(0, length)))
            {
                throw new ElfFormatException("the ELF file is cut off");
            }
        }
        catch (ElfFormatException exception)
        {
            throw Damaged(path, exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, exception);
        }
    }

    private static byte[] Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, exception);
        }
    }

    private static void Load(string path)
    {
        try
        {
            NativeLibrary.Load(path);
        }
        catch (DllNotFoundException exception)
        {
            throw Refused(path, exception);
        }
    }

    private static SereException Refused(string path, DllNotFoundException exception)
    {
        string reason = Reason(exception);
        string repeated = path + ": ";
        return new SereException(
            $"The native library {path} could not be loaded: "
            + $"{(reason.StartsWith(repeated, StringComparison.Ordinal) ? reason[repeated.Length..] : reason)}.",
            exception);
    }

    private static SereException Damaged(string path, ElfFormatException exception) =>
        new(
            $"The native library {path} is damaged ({exception.Message}); restore the package that it comes from.",
            exception);

    private static SereException Unreadable(string path, Exception exception) =>
        new($"The native library {path} cannot be read: {Reason(exception)}.", exception);

    private static bool IsFailureOfPlace(Exception exception) =>
        exception is IOException or UnauthorizedAccessException or DllNotFoundException;

    // The runtime's message ends with one line for each attempt, general advice before them.
    private static string Reason(Exception exception) =>
        exception.Message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Last()
            .TrimEnd('.');

    private string Listed() => _folders.Count == 0 ? "(none exists)" : string.Join(", ", _folders);

    private void LoadCuda()
    {
        try
        {
            foreach (string name in CudaFiles)
            {
                if (Find(name, TorchFolders) is string file)
                {
                    CheckWhole(file);
                    Load(file);
                }
            }
        }
        catch (SereException exception)
        {
            CudaFailure = exception.Message;
        }
    }

    // The runtime would resolve functions when they are first called, and a missing one would end the process then.
    private nint LoadWhole(string library)
    {
        if (Open(library, ResolveNow) == 0)
        {
            string reason = Marshal.PtrToStringUTF8(LastError()) ?? "";
            if (reason.Contains("undefined symbol", StringComparison.Ordinal)
                || (_torchFolder is not null && reason.Contains("cannot open shared object", StringComparison.Ordinal)))
            {
                throw new SereException(
                    $"{LibraryFile} does not fit the libtorch {(_torchFolder is null ? "that was loaded" : $"of {_torchFolder}")} "
                    + $"({reason.Replace(library + ": ", "", StringComparison.Ordinal).TrimEnd('.')}); use a version that the README names.");
            }
        }

        return NativeLibrary.Load(library);
    }

    [LibraryImport("libc.so.6", EntryPoint = "dlopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint Open(string path, int flags);

    [LibraryImport("libc.so.6", EntryPoint = "dlerror")]
    private static partial nint LastError();

    private static string? Find(string pattern, IReadOnlyList<string> folders) =>
        folders.SelectMany(folder => Directory.EnumerateFiles(folder, pattern).Order(StringComparer.Ordinal))
            .FirstOrDefault();
}
