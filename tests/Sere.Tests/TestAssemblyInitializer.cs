using System.Runtime.CompilerServices;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Tests;

/// <summary>Lets a test touch TorchSharp before it touches the library: see <see cref="NativeLibraries"/>.</summary>
internal static class TestAssemblyInitializer
{
    [ModuleInitializer]
    internal static void Initialize()
    {
        RuntimeHelpers.RunModuleConstructor(typeof(NativeLibraries).Module.ModuleHandle);
        NativeLibraries.EnsureLoaded();

        // Test classes run side by side, one a core: threads of their own would spin while they wait for each other.
        torch.set_num_threads(1);
    }
}
