using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Sere.Tests.Runs.Configuration;

/// <summary>What the XML documentation of the library says of the records of a configuration and of their members.</summary>
internal static partial class RecordDocumentation
{
    private static readonly Lazy<Dictionary<string, XElement>> Members = new(() => LibraryAssemblies.All
        .SelectMany(assembly => XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")).Descendants("member"))
        .ToDictionary(member => member.Attribute("name")!.Value, StringComparer.Ordinal));

    /// <summary>Of a record, without the remark that names its kind.</summary>
    public static string Of(Type record) => KindRemark().Replace(Summary($"T:{record.FullName}"), "");

    /// <summary>Of a member.</summary>
    public static string Of(PropertyInfo property)
    {
        var type = property.DeclaringType!;
        string own = Summary($"P:{type.FullName}.{property.Name}");
        return own.Length > 0 ? own : Plain(Members.Value[$"T:{type.FullName}"].Elements("param")
            .First(parameter => string.Equals(parameter.Attribute("name")!.Value, property.Name, StringComparison.Ordinal)));
    }

    private static string Summary(string name) =>
        Members.Value.GetValueOrDefault(name)?.Element("summary") is { } summary ? Plain(summary) : "";

    private static string Plain(XElement element)
    {
        var words = element.Nodes().Select(node => node switch
        {
            XText plain => plain.Value,
            XElement { Name.LocalName: "see" } see => see.Attribute("cref")!.Value.Split('.')[^1],
            XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
            _ => throw new InvalidOperationException($"{node} cannot stand in a table."),
        });
        return Space().Replace(string.Concat(words), " ").Trim();
    }

    [GeneratedRegex(@"\s+", RegexOptions.None, 1000)]
    private static partial Regex Space();

    [GeneratedRegex(@" JSON kind ""[\w-]+""\.$", RegexOptions.None, 1000)]
    private static partial Regex KindRemark();
}
