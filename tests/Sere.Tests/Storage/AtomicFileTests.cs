using Sere.Storage;
using Xunit;

namespace Sere.Tests.Storage;

public sealed class AtomicFileTests : FolderTests
{
    [Fact]
    public void The_content_replaces_an_older_file_and_nothing_else_stays_in_the_folder()
    {
        string path = _folder.File("a.txt");
        AtomicFile.WriteAllText(path, "a much longer older text");
        AtomicFile.WriteAllText(path, "né");
        Assert.Equal([0x6e, 0xc3, 0xa9], File.ReadAllBytes(path));
        Assert.Equal(["a.txt"], _folder.FileNames());
    }

    [Fact]
    public void The_final_name_shows_the_old_content_until_the_new_one_is_complete()
    {
        string path = _folder.File("a.txt");
        AtomicFile.WriteAllText(path, "old");
        AtomicFile.Write(path, stream =>
        {
            stream.Write("new"u8);
            stream.Flush();
            Assert.Equal("old", File.ReadAllText(path));
        });
        Assert.Equal("new", File.ReadAllText(path));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_writer_that_throws_midway_leaves_the_old_file_whole_and_no_temporary_file(bool hasOldFile)
    {
        string path = _folder.File("a.txt");
        if (hasOldFile)
        {
            AtomicFile.WriteAllText(path, "old");
        }

        var error = Assert.Throws<FormatException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write(new byte[100_000]);
            throw new FormatException("midway");
        }));

        Assert.Equal("midway", error.Message);
        Assert.Equal(hasOldFile ? ["a.txt"] : [], _folder.FileNames());
        Assert.Equal(hasOldFile ? "old" : null, File.Exists(path) ? File.ReadAllText(path) : null);
    }

    [Fact]
    public void A_full_disk_ends_in_one_sentence_that_names_the_file()
    {
        string path = _folder.File("a.txt");
        int code = OperatingSystem.IsWindows() ? unchecked((int)0x80070070) : 28;
        var error = Assert.Throws<SereException>(
            () => AtomicFile.Write(path, _ => throw new IOException("No space left on device", code)));
        Assert.Contains($"'{path}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("the disk is full", error.Message, StringComparison.Ordinal);
        Assert.Empty(_folder.FileNames());
    }

    [Theory]
    [InlineData("pipe")]
    [InlineData("link-to-pipe")]
    public void A_pipe_or_a_device_is_refused_and_stays_what_it_is(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no pipes in folders.");
        string pipe = _folder.File("pipe");
        using (var maker = System.Diagnostics.Process.Start("mkfifo", [pipe]))
        {
            maker.WaitForExit();
        }

        File.CreateSymbolicLink(_folder.File("link-to-pipe"), pipe);
        var error = Assert.Throws<SereException>(() => AtomicFile.WriteAllText(_folder.File(name), "text"));
        Assert.Contains("is a pipe or a device", error.Message, StringComparison.Ordinal);
        Assert.Throws<SereException>(() => AtomicFile.WriteAllText("/dev/null", "text"));
        Assert.Throws<SereException>(() => OrdinaryFile.OpenRead(pipe));
        Assert.Equal(["link-to-pipe", "pipe"], _folder.FileNames().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_empty_file_is_replaced()
    {
        string path = _folder.File("empty.txt");
        File.WriteAllBytes(path, []);
        AtomicFile.WriteAllText(path, "text");
        Assert.Equal("text", File.ReadAllText(path));
    }

    [Fact]
    public void A_missing_folder_is_named()
    {
        string path = _folder.File("missing/a.txt");
        var error = Assert.Throws<SereException>(() => AtomicFile.WriteAllText(path, "text"));
        Assert.Contains($"'{path}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("its folder does not exist", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_of_that_name_is_refused_and_kept()
    {
        string path = _folder.File("taken");
        Directory.CreateDirectory(path);
        var error = Assert.Throws<SereException>(() => AtomicFile.WriteAllText(path, "text"));
        Assert.Contains($"'{path}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("it is a folder", error.Message, StringComparison.Ordinal);
        Assert.Equal(["taken"], _folder.FileNames());
        Assert.True(Directory.Exists(path));
    }

    [Fact]
    public void A_folder_without_permission_ends_in_one_sentence()
    {
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess)
        {
            Assert.Skip("Permissions do not bind this user.");
            return;
        }

        File.SetUnixFileMode(_folder.Path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            var error = Assert.Throws<SereException>(() => AtomicFile.WriteAllText(_folder.File("a.txt"), "text"));
            Assert.Contains("permission is denied", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.SetUnixFileMode(
                _folder.Path,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void A_symbolic_link_stays_a_link_and_its_target_gets_the_content()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        string target = _folder.File("target.txt");
        string link = _folder.File("link.txt");
        AtomicFile.WriteAllText(target, "old");
        File.CreateSymbolicLink(link, target);
        AtomicFile.WriteAllText(link, "new");
        Assert.Equal("new", File.ReadAllText(target));
        Assert.NotNull(new FileInfo(link).LinkTarget);
    }

    [Fact]
    public void Leftovers_of_a_killed_process_are_deleted_and_nothing_else()
    {
        string? temporary = null;
        AtomicFile.Write(_folder.File("kept.txt"), _ => temporary = _folder.FileNames().Single());
        File.WriteAllText(_folder.File(temporary!), "half");
        File.WriteAllText(_folder.File("mine.tmp"), "mine");
        AtomicFile.DeleteLeftovers(_folder.Path);
        Assert.Equal(["kept.txt", "mine.tmp"], _folder.FileNames().Order(StringComparer.Ordinal).ToArray());
    }
}
