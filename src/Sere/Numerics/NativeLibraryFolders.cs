using System.Runtime.InteropServices;

namespace Sere.Numerics;

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
