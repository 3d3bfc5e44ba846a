using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Sere.Numerics;

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
