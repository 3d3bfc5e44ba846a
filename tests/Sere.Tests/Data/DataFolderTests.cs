using Sere.Data;
using Xunit;

namespace Sere.Tests.Data;

public sealed class DataFolderTests
{
    private static readonly string Root = Path.GetFullPath(Path.GetTempPath());

    private static string Resolve(string? option, params (string Name, string Value)[] environment) =>
        DataFolder.Resolve(option, name => Array.Find(environment, pair => string.Equals(pair.Name, name, StringComparison.Ordinal)).Value);

    [Fact]
    public void The_option_comes_first()
    {
        string option = Path.Combine(Root, "given");
        Assert.Equal(option, Resolve(option, ("SERE_DATA", Path.Combine(Root, "named"))));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Without_an_option_the_environment_names_the_folder(string? option)
    {
        string named = Path.Combine(Root, "named");
        Assert.Equal(named, Resolve(option, ("SERE_DATA", named), ("XDG_CACHE_HOME", Root)));
    }

    [Fact]
    public void Otherwise_it_lies_in_the_cache_folder() =>
        Assert.Equal(Path.Combine(Root, "sere", "data"), Resolve(null, ("SERE_DATA", ""), ("XDG_CACHE_HOME", Root)));

    [Fact]
    public void Without_a_cache_folder_it_lies_in_the_users_own()
    {
        string resolved = Resolve(null, ("HOME", Root), ("XDG_CACHE_HOME", "relative"));
        Assert.EndsWith(Path.Combine("sere", "data"), resolved);
        Assert.True(Path.IsPathFullyQualified(resolved));
        if (!OperatingSystem.IsWindows())
        {
            Assert.StartsWith(Root, resolved);
        }
    }

    [Fact]
    public void A_user_without_any_folder_is_told_what_to_set()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "A user of Windows always has a cache folder.");
        Assert.Contains("SERE_DATA or --data-dir", Assert.Throws<SereException>(() => Resolve(null)).Message);
    }

    [Fact]
    public void A_relative_option_is_made_a_full_path() =>
        Assert.Equal(Path.GetFullPath("here"), DataFolder.Resolve("here"));
}
