using System.Xml.Linq;

namespace Sere.Tests;

/// <summary>The folder of the solution that the tests were built in.</summary>
internal static class RepositoryFolder
{
    public static string Path { get; } = Find(new DirectoryInfo(AppContext.BaseDirectory));

    /// <summary>A version that Directory.Packages.props states.</summary>
    public static string Pinned(string property) =>
        XDocument.Load(System.IO.Path.Combine(Path, "Directory.Packages.props")).Descendants(property).Single().Value;

    private static string Find(DirectoryInfo folder) =>
        File.Exists(System.IO.Path.Combine(folder.FullName, "Sere.slnx")) ? folder.FullName
        : folder.Parent is { } parent ? Find(parent)
        : throw new DirectoryNotFoundException("The tests do not lie in their repository.");
}
