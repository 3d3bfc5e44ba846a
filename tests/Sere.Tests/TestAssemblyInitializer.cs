using System.Runtime.CompilerServices;
using Sere.Numerics;

namespace Sere.Tests;

/// <summary>Lets a test touch TorchSharp before it touches the library: see <see cref="NativeLibraries"/>.</summary>
internal static class TestAssemblyInitializer
{
    [ModuleInitializer]
    internal static void Initialize() =>
        RuntimeHelpers.RunModuleConstructor(typeof(NativeLibraries).Module.ModuleHandle);
}
