using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Sere.Numerics;

namespace Sere;

/// <summary>Has the core prepare the loading of the native libraries before this assembly touches TorchSharp.</summary>
internal static class RunsInitializer
{
    [ModuleInitializer]
    [SuppressMessage(
        "Usage",
        "CA2255:The 'ModuleInitializer' attribute should not be used in libraries",
        Justification = "It only runs the core's initializer, which would otherwise wait for the first call of the core.")]
    internal static void Initialize() =>
        RuntimeHelpers.RunModuleConstructor(typeof(NativeLibraries).Module.ModuleHandle);
}
