using System.IO.Compression;
using System.Xml.Linq;

namespace Sere.Tests.Packaging;

/// <summary>What a package says of itself and what it holds.</summary>
internal sealed class NuGetPackage
{
    private readonly string _path;
    private readonly XElement _metadata;

    public NuGetPackage(string path)
    {
        _path = path;
        using var archive = ZipFile.OpenRead(path);
        Files = [.. archive.Entries.Select(entry => entry.FullName)];
        _metadata = Xml(Files.Single(file => file.EndsWith(".nuspec", StringComparison.Ordinal))).Elements().Single();
    }

    /// <summary>The paths of all files, with slashes.</summary>
    public IReadOnlyList<string> Files { get; }

    /// <summary>The packages that it depends on.</summary>
    public IReadOnlyList<string> Dependencies => [.. Named("dependency").Select(one => one.Attribute("id")!.Value)];

    /// <summary>The kinds of package that it is.</summary>
    public IReadOnlyList<string> Types => [.. Named("packageType").Select(one => one.Attribute("name")!.Value)];

    /// <summary>A value of the specification, empty where there is none.</summary>
    public string this[string name] => Named(name).SingleOrDefault()?.Value ?? "";

    /// <summary>The text of a file.</summary>
    public string Text(string file)
    {
        using var archive = ZipFile.OpenRead(_path);
        using var reader = new StreamReader(archive.GetEntry(file)!.Open());
        return reader.ReadToEnd();
    }

    /// <summary>The root of an XML file.</summary>
    public XElement Xml(string file) => XDocument.Parse(Text(file)).Root!;

    private IEnumerable<XElement> Named(string name) =>
        _metadata.Descendants().Where(element => string.Equals(element.Name.LocalName, name, StringComparison.Ordinal));
}
