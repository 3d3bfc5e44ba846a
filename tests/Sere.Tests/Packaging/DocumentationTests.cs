using Xunit;

namespace Sere.Tests.Packaging;

/// <summary>What the pages say that is stated elsewhere too.</summary>
public sealed class DocumentationTests
{
    [Fact]
    public void Every_page_is_in_the_table_of_contents_of_the_site()
    {
        string docs = Path.Combine(RepositoryFolder.Path, "docs");
        string[] listed = [.. File.ReadLines(Path.Combine(docs, "toc.yml"))
            .Select(line => line.Split("href: "))
            .Where(parts => parts.Length == 2)
            .Select(parts => Path.GetFullPath(Path.Combine(docs, parts[1])))];
        Assert.All(listed, page => Assert.True(File.Exists(page), page));
        Assert.Empty(Directory.EnumerateFiles(docs, "*.md", SearchOption.AllDirectories).Except(listed, StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("README.md", "`libtorch-cpu-linux-x64` {0}.", "LibTorchVersion")]
    [InlineData("README.md", "TorchSharp {0},", "TorchSharpVersion")]
    [InlineData("docs/deploy.md", "TorchSharp {0} ", "TorchSharpVersion")]
    [InlineData("docs/deploy.md", "of version {0}:", "LibTorchVersion")]
    [InlineData("src/Sere/README.md", "libtorch-cpu-linux-x64 --version {0}\n", "LibTorchVersion")]
    [InlineData("src/Sere.Runs/README.md", "libtorch-cpu-linux-x64 --version {0}\n", "LibTorchVersion")]
    public void A_page_names_the_version_that_the_build_takes(string page, string words, string property) => Assert.Contains(
        words.Replace("{0}", RepositoryFolder.Pinned(property), StringComparison.Ordinal),
        File.ReadAllText(Path.Combine(RepositoryFolder.Path, page)).ReplaceLineEndings("\n"),
        StringComparison.Ordinal);
}
