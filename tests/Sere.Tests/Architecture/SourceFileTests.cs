using System.Text.RegularExpressions;
using Xunit;

namespace Sere.Tests.Architecture;

public sealed partial class SourceFileTests
{
    private const int MostLines = 500;

    /// <summary>Files that are longer, each with the reason why it is one idea all the same.</summary>
    private static readonly Dictionary<string, string> LongFiles = new(StringComparer.Ordinal);

    private static readonly string SourceFolder = Path.Combine(RepositoryFolder.Path, "src");

    private static readonly Lazy<(string Path, string Text)[]> Files = new(() =>
    [
        .. Directory.EnumerateFiles(SourceFolder, "*.cs", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(SourceFolder, path).Replace('\\', '/'))
            .Where(path => !path.Split('/').Any(part => part is "bin" or "obj"))
            .Order(StringComparer.Ordinal)
            .Select(path => (path, File.ReadAllText(Path.Combine(SourceFolder, path)))),
    ]);

    [Fact]
    public void Each_file_bears_the_name_of_a_type_that_it_declares() =>
        Assert.All(
            Files.Value.Where(file => Namespace().IsMatch(file.Text)),
            file => Assert.Contains(
                System.IO.Path.GetFileNameWithoutExtension(file.Path),
                DeclaredType().Matches(file.Text).Select(match => match.Groups["name"].Value)));

    [Fact]
    public void Each_file_stands_in_the_folder_of_its_namespace() =>
        Assert.All(
            Files.Value.Where(file => Namespace().IsMatch(file.Text)),
            file => Assert.Equal(
                file.Path[..file.Path.LastIndexOf('/')].Replace('/', '.'),
                Namespace().Match(file.Text).Groups["name"].Value));

    [Fact]
    public void A_long_file_has_a_reason()
    {
        Assert.True(Files.Value.Length > 100, $"Only {Files.Value.Length} source files were found.");
        Assert.Equal(
            LongFiles.Keys.Order(StringComparer.Ordinal),
            Files.Value.Where(file => file.Text.Count(letter => letter == '\n') > MostLines).Select(file => file.Path));
    }

    // Shown to fail on each arm that was mended with it, such as "_ => new BernoulliFamily()" of a switch over kinds of
    // data. The compiler refuses a switch expression without a named value of an enumeration and without "_" (CS8509).
    [Fact]
    public void No_arm_of_a_switch_swallows_an_unknown_kind() =>
        Assert.All(
            Files.Value,
            file =>
            {
                string[] lines = file.Text.Split('\n');
                var swallowing = lines.Index().Where(line => Swallows().IsMatch(line.Item + ThenOf(lines, line.Index)))
                    .Where(line => ArmsBefore(lines, line.Index).Any(arm => Kinds.Value.Contains(arm)));
                Assert.Empty(swallowing.Select(line => $"{file.Path}:{line.Index + 1} {line.Item.Trim()}"));
            });

    /// <summary>Enumerations, what derives from an abstract type of ours, and these abstract types.</summary>
    private static readonly Lazy<HashSet<string>> Kinds = new(() =>
    [
        .. typeof(SereException).Assembly.GetTypes()
            .Where(type => type.IsEnum || IsOpen(type) || (type.BaseType is { } parent && parent.Assembly == type.Assembly && IsOpen(parent)))
            .Select(type => type.Name),
    ]);

    private static bool IsOpen(Type type) => type is { IsAbstract: true, IsSealed: false };

    private static string ThenOf(string[] lines, int index) => index + 1 < lines.Length ? lines[index + 1] : "";

    private static IEnumerable<string> ArmsBefore(string[] lines, int index)
    {
        int indentation = Indentation(lines[index]);
        return lines.Take(index).Reverse()
            .TakeWhile(line => line.Trim().Length == 0 || Indentation(line) >= indentation)
            .Where(line => Indentation(line) == indentation)
            .SelectMany(line => Arm().Matches(line).Select(match => match.Groups["name"].Value));
    }

    private static int Indentation(string line) => line.Length - line.TrimStart().Length;

    [GeneratedRegex(@"^\s*(_ =>(?!\s*(throw|\{))|default:(?!\s*throw))", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Swallows();

    [GeneratedRegex(@"(?<=^\s*(case )?|, |\()(?<name>[A-Z]\w*)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Arm();

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Namespace();

    [GeneratedRegex(
        @"^(public |internal |file |static |sealed |abstract |partial |readonly |ref |unsafe )*"
        + @"(class|struct|record struct|record|interface|enum|delegate \S+) (?<name>\w+)",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex DeclaredType();
}
