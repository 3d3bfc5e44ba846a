using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using TorchSharp;

namespace Sere.Numerics;

/// <summary>
/// Loads the native libraries behind tensors. The first use of this library prepares it; a program that touches
/// TorchSharp before anything of this library, or that wants a clear error instead of TorchSharp's, calls
/// <see cref="EnsureLoaded"/> first.
/// </summary>
public static class NativeLibraries
{
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
        // TorchSharp loads the two in this order too. The first may lie where only the second finds it.
        Assembly torchSharp = typeof(torch).Assembly;
        NativeLibrary.TryLoad("torch_cpu", torchSharp, searchPath: null, out _);
        try
        {
            NativeLibrary.Load(LibraryName, torchSharp, searchPath: null);
            return null;
        }
        catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
        {
            return OperatingSystem.IsLinux() && FromFiles.Value.Failure is SereException failure
                ? failure
                : new SereException(
                    $"The native library {LibraryName} could not be loaded on {RuntimeInformation.RuntimeIdentifier}; "
                    + "see the README for the platforms that were tested and the libtorch package that each needs.",
                    exception);
        }
    }

    private static (nint Handle, SereException? Failure) LoadFromFiles()
    {
        if (!OperatingSystem.IsLinux())
        {
            return (0, null);
        }

        try
        {
            var loader = new NativeLibraryLoader(NativeLibraryFolders.OfApplication(), PatchedLibraryCache.UserFolder());
            return (loader.Load(), null);
        }
        catch (SereException failure)
        {
            return (0, failure);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return (0, new SereException($"The native libraries could not be looked for: {exception.Message}", exception));
        }
    }
}
