using System.Runtime.Versioning;
using Sere.Numerics;
using Xunit;

namespace Sere.Tests.Numerics;

[SupportedOSPlatform("linux")]
public sealed class PatchedLibraryCacheTests : IDisposable
{
    private const string Name = "copy.so";
    private static readonly byte[] Content = [.. Enumerable.Range(0, 5000).Select(static i => (byte)(i * 7))];

    private readonly string _root = Directory.CreateTempSubdirectory("sere-tests-").FullName;

    public PatchedLibraryCacheTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "Copies are made on Linux only.");

    private string Folder => Path.Combine(_root, "sere", "native");

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void A_copy_is_written_whole_and_without_leftovers()
    {
        string path = PatchedLibraryCache.Store(Folder, Name, Content);
        Assert.Equal(Path.Combine(Folder, Name), path);
        Assert.Equal(Content, File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(Folder));
        Assert.Equal(
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Folder));
    }

    [Theory]
    [InlineData("sere", "mode")]
    [InlineData("sere/native", "mode")]
    [InlineData("sere", "owner")]
    [InlineData("sere/native", "owner")]
    [InlineData("sere", "link")]
    [InlineData("sere/native", "link")]
    public void A_folder_that_somebody_else_could_write_to_is_not_used(string name, string fault)
    {
        Assert.SkipUnless(fault != "owner" || Environment.IsPrivilegedProcess, "Only root can give a folder away.");
        PatchedLibraryCache.StoreInOwn(Folder, Name, Content);
        string folder = Path.Combine(_root, name);
        switch (fault)
        {
            case "mode":
                File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.GroupWrite);
                break;
            case "owner":
                GiveAway(folder);
                break;
            default:
                Directory.Move(folder, folder + "-elsewhere");
                Directory.CreateSymbolicLink(folder, folder + "-elsewhere");
                break;
        }

        var error = Assert.Throws<IOException>(() => PatchedLibraryCache.StoreInOwn(Folder, Name, Content));
        Assert.Contains(folder, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mode")]
    [InlineData("owner")]
    [InlineData("link")]
    public void A_copy_that_somebody_else_could_write_to_is_replaced(string fault)
    {
        Assert.SkipUnless(fault != "owner" || Environment.IsPrivilegedProcess, "Only root can give a file away.");
        string path = PatchedLibraryCache.StoreInOwn(Folder, Name, Content);
        switch (fault)
        {
            case "mode":
                File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.OtherWrite);
                break;
            case "owner":
                GiveAway(path);
                break;
            default:
                File.Move(path, Path.Combine(_root, "elsewhere"));
                File.CreateSymbolicLink(path, Path.Combine(_root, "elsewhere"));
                break;
        }

        using FileStream theirs = File.OpenRead(path);
        Assert.Equal(path, PatchedLibraryCache.StoreInOwn(Folder, Name, Content));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Null(new FileInfo(path).LinkTarget);
        Assert.Equal(Content, File.ReadAllBytes(path));
        PatchedLibraryCache.StoreInOwn(Folder, Name, Content);
    }

    private static void GiveAway(string path)
    {
        using var process = System.Diagnostics.Process.Start("chown", ["12345:12345", path]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    [Fact]
    public void An_intact_copy_is_used_again_and_not_written()
    {
        string path = PatchedLibraryCache.Store(Folder, Name, Content);
        DateTime written = DateTime.UnixEpoch.AddYears(30);
        File.SetLastWriteTimeUtc(path, written);
        Assert.Equal(path, PatchedLibraryCache.Store(Folder, Name, Content));
        Assert.Equal(written, File.GetLastWriteTimeUtc(path));
    }

    [Theory]
    [InlineData("empty")]
    [InlineData("half")]
    [InlineData("longer")]
    [InlineData("one bit")]
    public void A_damaged_copy_is_replaced(string damage)
    {
        string path = PatchedLibraryCache.Store(Folder, Name, Content);
        byte[] flipped = (byte[])Content.Clone();
        flipped[^1] ^= 1;
        File.WriteAllBytes(
            path,
            damage switch
            {
                "empty" => [],
                "half" => Content[..(Content.Length / 2)],
                "longer" => [.. Content, 0],
                _ => flipped,
            });
        Assert.Equal(path, PatchedLibraryCache.Store(Folder, Name, Content));
        Assert.Equal(Content, File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(Folder));
    }

    [Fact]
    public void Replacing_a_copy_leaves_the_bytes_of_those_who_have_it_open()
    {
        string path = PatchedLibraryCache.Store(Folder, Name, Content);
        using FileStream open = File.OpenRead(path);
        PatchedLibraryCache.Store(Folder, Name, new byte[10]);
        Assert.Equal(Content.Length, open.Length);
    }

    [Fact]
    public async Task Several_writers_at_once_leave_one_intact_copy()
    {
        Task<string>[] writers =
        [
            .. Enumerable.Range(0, 8).Select(_ => Task.Run(() => PatchedLibraryCache.Store(Folder, Name, Content))),
        ];
        string[] paths = await Task.WhenAll(writers);
        Assert.Single(paths.Distinct(StringComparer.Ordinal));
        Assert.Equal(Content, File.ReadAllBytes(paths[0]));
        Assert.Single(Directory.GetFileSystemEntries(Folder));
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_an_input_output_error()
    {
        string file = Path.Combine(_root, "file");
        File.WriteAllText(file, "");
        Assert.ThrowsAny<IOException>(() => PatchedLibraryCache.Store(Path.Combine(file, "native"), Name, Content));
    }

    [Fact]
    public void A_folder_in_the_place_of_the_copy_is_an_error_and_leaves_no_unfinished_file()
    {
        string path = Path.Combine(Folder, Name);
        Directory.CreateDirectory(path);
        Exception? failure = Record.Exception(() => PatchedLibraryCache.Store(Folder, Name, Content));
        Assert.True(failure is IOException or UnauthorizedAccessException, $"{failure}");
        Assert.Equal([path], Directory.GetFileSystemEntries(Folder));
    }
}
