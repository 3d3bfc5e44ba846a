using System.Reflection;
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
        try
        {
            if (OperatingSystem.IsLinux())
            {
                Loader().CheckFiles();
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
                    + "see the README for the platforms that were tested and the libtorch package that each needs.",
                    exception);
        }
        catch (Exception exception) when (IsFailureOfSearch(exception))
        {
            return NotSearched(exception);
        }
    }

    private static (nint Handle, SereException? Failure) LoadFromFiles()
    {
        try
        {
            return OperatingSystem.IsLinux() ? (Loader().Load(), null) : (0, null);
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
        new(NativeLibraryFolders.OfApplication(), PatchedLibraryCache.UserFolder());

    private static bool IsFailureOfSearch(Exception exception) =>
        exception is IOException or UnauthorizedAccessException or ArgumentException;

    private static SereException NotSearched(Exception exception) =>
        new($"The folders of the native libraries cannot be read: {exception.Message}", exception);
}
