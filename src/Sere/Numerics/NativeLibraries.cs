using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Runtime.Versioning;
using TorchSharp;

namespace Sere.Numerics;

/// <summary>
/// Loads the native libraries behind tensors. The first use of this library prepares it; a program that touches
/// TorchSharp before anything of this library, or that wants a clear error instead of TorchSharp's, calls
/// <see cref="EnsureLoaded"/> first.
/// </summary>
public static class NativeLibraries
{
    /// <summary>The environment variable that names the folder of another libtorch than the packages'.</summary>
    public const string FolderVariable = "SERE_LIBTORCH";

    private const string LibraryName = "LibTorchSharp";

    // Each is tried once, and its outcome, good or bad, is what every later caller gets: the first by whoever comes
    // first, TorchSharp's own loader or EnsureLoaded.
    private static readonly Lazy<(nint Handle, SereException? Failure)> FromFiles = new(LoadFromFiles);
    private static readonly Lazy<SereException?> ByName = new(LoadByName);

    /// <summary>
    /// Loads libtorch and TorchSharp's native library if that has not been done. It may be called often and from
    /// several threads; only the first call takes time.
    /// </summary>
    /// <exception cref="SereException">
    /// A native library is missing or does not load; the same failure is reported by every call in the process.
    /// </exception>
    public static void EnsureLoaded()
    {
        if (ByName.Value is SereException failure)
        {
            throw new SereException(failure.Message, failure);
        }
    }

    /// <summary>
    /// Why the CUDA part of the libtorch that <see cref="FolderVariable"/> names could not be loaded; null where it could, or
    /// where there is none.
    /// </summary>
    public static string? CudaFailure { get; private set; }

    /// <summary>The version of libtorch, with what it was built for where an installed PyTorch says so: "2.11.0+cu130".</summary>
    public static string Version =>
        Folder() is not { } folder ? torch.__version__
        : OperatingSystem.IsLinux() && NativeLibraryLoader.VersionOf(folder) is { } version ? version : "of an unknown version";

    /// <summary>
    /// Has libtorch loaded from a folder, of an installed PyTorch for instance, in place of the packages', with its CUDA part where
    /// it is there: what <see cref="FolderVariable"/> says too. Only before anything is loaded.
    /// </summary>
    /// <param name="folder">The folder that holds libtorch_cpu.so.</param>
    /// <exception cref="SereException">libtorch is loaded already.</exception>
    public static void UseLibtorch(string folder)
    {
        if (ByName.IsValueCreated)
        {
            throw new SereException($"libtorch is loaded already; set {FolderVariable} before the program starts.");
        }

        Environment.SetEnvironmentVariable(FolderVariable, folder);
    }

    /// <summary>
    /// Offers the patched library where loading by name has failed. Costs nothing until then, so that programs which
    /// use no tensor never load libtorch.
    /// </summary>
    internal static void OfferWhenLoadingFails()
    {
        if (OperatingSystem.IsLinux() && AssemblyLoadContext.GetLoadContext(typeof(NativeLibraries).Assembly) is { } context)
        {
            context.ResolvingUnmanagedDll += Resolve;
        }
    }

    private static nint Resolve(Assembly assembly, string name) =>
        string.Equals(name, LibraryName, StringComparison.Ordinal) ? FromFiles.Value.Handle : 0;

    private static SereException? LoadByName()
    {
        try
        {
            if (OperatingSystem.IsLinux())
            {
                Loader().CheckFiles();
            }

            if (Folder() is not null)
            {
                return LoadFromFolder();
            }

            // TorchSharp loads the two in this order too; the second may find the first where it was not found alone.
            Assembly torchSharp = typeof(torch).Assembly;
            NativeLibrary.TryLoad("torch_cpu", torchSharp, searchPath: null, out _);
            NativeLibrary.Load(LibraryName, torchSharp, searchPath: null);
            return null;
        }
        catch (SereException failure)
        {
            return failure;
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            return OperatingSystem.IsLinux() && FromFiles.Value.Failure is SereException failure
                ? failure
                : new SereException(
                    $"The native library {LibraryName} could not be loaded on {RuntimeInformation.RuntimeIdentifier}; "
                    + $"reference the NuGet packages {NativePackages.Libtorch} and {NativePackages.TorchSharp}.",
                    exception);
        }
        catch (Exception exception) when (IsFailureOfSearch(exception))
        {
            return NotSearched(exception);
        }
    }

    private static SereException? LoadFromFolder()
    {
        if (FromFiles.Value is { Failure: null, Handle: not 0 })
        {
            // TorchSharp would load the packages' libtorch, which lies beside it, a second time.
            typeof(torch).GetField("nativeBackendLoaded", BindingFlags.Static | BindingFlags.NonPublic)?.SetValue(null, true);
            return null;
        }

        return FromFiles.Value.Failure
            ?? new SereException($"{FolderVariable} is for Linux; elsewhere reference the libtorch package that is wanted.");
    }

    private static (nint Handle, SereException? Failure) LoadFromFiles()
    {
        try
        {
            if (!OperatingSystem.IsLinux())
            {
                return (0, null);
            }

            var loader = Loader();
            nint handle = loader.Load();
            CudaFailure = loader.CudaFailure;
            return (handle, null);
        }
        catch (SereException failure)
        {
            return (0, failure);
        }
        catch (Exception exception) when (IsFailureOfSearch(exception))
        {
            return (0, NotSearched(exception));
        }
    }

    [SupportedOSPlatform("linux")]
    private static NativeLibraryLoader Loader() =>
        new(NativeLibraryFolders.OfApplication(), PatchedLibraryCache.UserFolder(), Folder());

    /// <summary>The folder of libtorch that was asked for, or null.</summary>
    private static string? Folder()
    {
        string? folder = Environment.GetEnvironmentVariable(FolderVariable);
        return string.IsNullOrEmpty(folder) ? null
            : Directory.Exists(folder) ? Path.GetFullPath(folder)
            : throw new SereException($"'{folder}', which --libtorch or {FolderVariable} names for libtorch, is no folder.");
    }

    private static bool IsFailureOfSearch(Exception exception) =>
        exception is IOException or UnauthorizedAccessException or ArgumentException;

    private static SereException NotSearched(Exception exception) =>
        new($"The folders of the native libraries cannot be read: {exception.Message}", exception);
}

/// <summary>Where the native libraries of an application may lie.</summary>
internal static class NativeLibraryFolders
{
    /// <summary>
    /// The existing folders in the order of search: those that the host took from the application's dependencies
    /// (folders of the package cache too), then the application's folder and this assembly's, each with its
    /// <c>runtimes/RID/native</c>.
    /// </summary>
    public static IReadOnlyList<string> OfApplication()
    {
        string searched = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        var folders = new List<string>(searched.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries));
        string? own = Path.GetDirectoryName(typeof(NativeLibraryFolders).Assembly.Location);
        string[] bases = string.IsNullOrEmpty(own) ? [AppContext.BaseDirectory] : [AppContext.BaseDirectory, own];
        foreach (string folder in bases)
        {
            folders.Add(folder);
            foreach (string runtime in RuntimeIdentifiers())
            {
                folders.Add(Path.Combine(folder, "runtimes", runtime, "native"));
            }
        }

        return
        [
            .. folders.Select(static folder => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))
                .Distinct(StringComparer.Ordinal)
                .Where(Directory.Exists),
        ];
    }

    // A runtime built by a distribution names itself after it (debian.12-x64), the packages after the system (linux-x64).
    private static IEnumerable<string> RuntimeIdentifiers()
    {
        string architecture = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => "x64",
            Architecture.Arm64 => "arm64",
            Architecture other => other.ToString(),
        };
        string system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        return [RuntimeInformation.RuntimeIdentifier, $"{system}-{architecture}"];
    }
}

/// <summary>Prepares the loading of the native libraries before anything else of this library runs.</summary>
internal static class NativeLibraryInitializer
{
    [ModuleInitializer]
    [SuppressMessage(
        "Usage",
        "CA2255:The 'ModuleInitializer' attribute should not be used in libraries",
        Justification = "It only adds an event handler; without it TorchSharp does not load on older Linux systems.")]
    internal static void Initialize() => NativeLibraries.OfferWhenLoadingFails();
}

/// <summary>The libraries of a CUDA libtorch, which are loaded with it.</summary>
internal static class CudaLibraries
{
    /// <summary>The part of libtorch that is CUDA's.</summary>
    /// <exception cref="DllNotFoundException">There is none.</exception>
    public static nint Torch => NativeLibrary.Load("libtorch_cuda.so");

    /// <summary>libtorch's streams.</summary>
    /// <exception cref="DllNotFoundException">There are none.</exception>
    public static nint Streams => NativeLibrary.Load("libc10_cuda.so");

    /// <summary>CUDA's runtime, which libtorch has loaded.</summary>
    /// <exception cref="DllNotFoundException">It is of none of the versions that are known here.</exception>
    public static nint Runtime =>
        NativeLibrary.TryLoad("libcudart.so.13", out nint library) || NativeLibrary.TryLoad("libcudart.so.12", out library)
            ? library : throw new DllNotFoundException("libcudart.so.13 and .12 were not found.");

    /// <summary>Where NVRTC may be, newest first: where the system looks, and beside a PyTorch's libtorch.</summary>
    public static IEnumerable<string> Compilers()
    {
        const string Name = "libnvrtc.so.";
        string[] names = [Name + "13", Name + "12"];
        string? folder = Environment.GetEnvironmentVariable(NativeLibraries.FolderVariable);
        string packages = Path.Combine(folder ?? "", "..", "..", "nvidia");
        return
        [
            .. names,
            .. string.IsNullOrEmpty(folder) ? [] : Directory.EnumerateFiles(folder, "libnvrtc*.so*"),
            .. string.IsNullOrEmpty(folder) || !Directory.Exists(packages) ? []
                : Directory.EnumerateFiles(packages, Name + "*", SearchOption.AllDirectories),
        ];
    }
}
