using System.Reflection;

namespace Sere.Numerics;

/// <summary>The NuGet packages that bring the native libraries, each with the version that this library was built with.</summary>
internal static class NativePackages
{
    /// <summary>libtorch's, of the platform that this runs on.</summary>
    public static string Libtorch => "libtorch-cpu-"
        + (OperatingSystem.IsWindows() ? "win-x64" : OperatingSystem.IsMacOS() ? "osx-arm64" : "linux-x64")
        + $" {VersionOf("LibTorchVersion")}";

    /// <summary>TorchSharp's, which brings its own native library.</summary>
    public static string TorchSharp => $"TorchSharp {VersionOf("TorchSharpVersion")}";

    // The build writes it into the assembly, from the one place that states it.
    private static string VersionOf(string key) =>
        typeof(NativePackages).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(metadata => string.Equals(metadata.Key, key, StringComparison.Ordinal)).Value!;
}
