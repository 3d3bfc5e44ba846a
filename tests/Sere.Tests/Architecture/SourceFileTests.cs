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

    [GeneratedRegex(@"^namespace (?<name>[\w.]+);", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Namespace();

    [GeneratedRegex(
        @"^(public |internal |file |static |sealed |abstract |partial |readonly |ref |unsafe )*"
        + @"(class|struct|record struct|record|interface|enum|delegate \S+) (?<name>\w+)",
        RegexOptions.Multiline | RegexOptions.ExplicitCapture,
        1000)]
    private static partial Regex DeclaredType();
}
