using System.Diagnostics;
using Sere.Data.Downloads;
using Sere.Runs;
using Sere.Storage;
using Xunit;

namespace Sere.Tests.Storage;

public sealed class OrdinaryFileTests : FolderTests
{
    [Fact]
    public void A_file_with_content_is_opened_also_behind_a_link()
    {
        string path = _folder.Write("file", [1, 2, 3]);
        using (FileStream stream = OrdinaryFile.OpenRead(path))
        {
            Assert.Equal(3, stream.Length);
        }

        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        File.CreateSymbolicLink(_folder.File("link"), path);
        using FileStream linked = OrdinaryFile.OpenRead(_folder.File("link"));
        Assert.Equal(3, linked.Length);
    }

    [Fact]
    public void An_empty_file_is_refused_by_name() => AssertRefused(_folder.Write("file", []));

    [Fact]
    public void A_missing_file_is_missing()
    {
        Assert.Throws<FileNotFoundException>(() => OrdinaryFile.OpenRead(_folder.File("absent")));
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows.");
        File.CreateSymbolicLink(_folder.File("link"), _folder.File("absent"));
        Assert.Throws<FileNotFoundException>(() => OrdinaryFile.OpenRead(_folder.File("link")));
    }

    [Fact]
    public async Task Readers_of_runs_and_of_data_sets_do_not_wait_for_a_pipe()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such pipes.");
        string pipe = await MakePipe();
        var expected = new RemoteFile("pipe", 10, new string('0', 64));
        await Task.Run(
            () =>
            {
                Assert.Throws<SereException>(() => ContentDigest.OfFile(pipe));
                Assert.Throws<SereException>(() => RunStateFile.Read(pipe));
                Assert.Empty(MetricsLog.Read(pipe));
                Assert.False(ContentCheck.IsWhole(pipe, expected));
            },
            TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_pipe_without_a_writer_is_refused_instead_of_waited_for()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such pipes.");
        string pipe = await MakePipe();
        string link = _folder.File("link");
        File.CreateSymbolicLink(link, pipe);
        foreach (string path in (string[])[pipe, link])
        {
            await Task.Run(() => AssertRefused(path), TestContext.Current.CancellationToken)
                .WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public void A_device_without_an_end_is_refused()
    {
        Assert.SkipUnless(File.Exists("/dev/zero"), "There is no such device.");
        AssertRefused("/dev/zero");
    }

    private async Task<string> MakePipe()
    {
        string pipe = _folder.File("pipe");
        using Process process = Process.Start("mkfifo", [pipe]);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return pipe;
    }

    private static void AssertRefused(string path)
    {
        string message = Assert.Throws<SereException>(() => OrdinaryFile.OpenRead(path)).Message;
        Assert.StartsWith($"The file '{path}' is empty, or a pipe or a device", message, StringComparison.Ordinal);
    }
}
