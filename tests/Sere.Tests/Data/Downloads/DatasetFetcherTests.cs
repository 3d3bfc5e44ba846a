using System.Diagnostics;
using Xunit;

namespace Sere.Tests.Data.Downloads;

/// <summary>What a download leaves, and what it leaves alone.</summary>
public sealed class DatasetFetcherTests : IDisposable
{
    private readonly FetchFixture _fetch = new();

    public void Dispose() => _fetch.Dispose();

    [Fact]
    public async Task Files_come_gzipped_into_the_folder_of_the_data_set()
    {
        byte[] second = IdxFile.Zip(SmallDataset.Content(2));
        await using var server = new LoopbackServer(
            Answers.Files(new() { ["first.gz"] = FetchFixture.Zipped, ["second.gz"] = second }));
        string folder = await _fetch.FetchAsync(SmallDataset.Pair(server.Address));
        Assert.Equal(_fetch.Folder, folder);
        Assert.Equal(["first.gz", "second.gz"], _fetch.Files);
        Assert.Equal(FetchFixture.Zipped, File.ReadAllBytes(_fetch.Target));
        Assert.Equal(second, File.ReadAllBytes(Path.Combine(folder, "second.gz")));
        Assert.Equal([_fetch.Target, Path.Combine(folder, "second.gz")], _fetch.Observer.Fetched);
        Assert.Empty(_fetch.Observer.Warnings);
        Assert.Equal(("first.gz", 0, FetchFixture.Zipped.Length), _fetch.Observer.Progress[0]);
        Assert.Equal(("second.gz", second.Length, second.Length), _fetch.Observer.Progress[^1]);
        Assert.Equal(["/files/first.gz", "/files/second.gz"], server.Requests.Select(request => request.Path));

        // Else a server may send the unpacked file, or the file packed twice.
        Assert.All(server.Requests, request => Assert.Equal("identity", request.Headers["Accept-Encoding"]));
    }

    [Theory]
    [InlineData("first.gz")]
    [InlineData("first")]
    public async Task A_file_that_is_there_and_right_is_not_downloaded_again(string name)
    {
        byte[] content = name.EndsWith(".gz", StringComparison.Ordinal) ? FetchFixture.Zipped : SmallDataset.Content();
        _fetch.Write(name, content);
        await using var server = new LoopbackServer(Answers.Status(500));
        await _fetch.FetchAsync(server);
        Assert.Empty(server.Requests);
        Assert.Equal([name], _fetch.Files);
        Assert.Equal([Path.Combine(_fetch.Folder, name)], _fetch.Observer.Present);
        Assert.False(File.Exists(Path.Combine(_fetch.Folder, "fetch.lock")), "A folder that is complete is not written to.");
    }

    [Fact]
    public async Task Only_the_missing_file_is_downloaded()
    {
        _fetch.Write("second", SmallDataset.Content(2));
        await using var server = new LoopbackServer(Answers.File(FetchFixture.Zipped));
        await _fetch.FetchAsync(SmallDataset.Pair(server.Address));
        Assert.Equal("/files/first.gz", Assert.Single(server.Requests).Path);
        Assert.Equal(["first.gz", "second"], _fetch.Files);
        Assert.Equal([Path.Combine(_fetch.Folder, "second")], _fetch.Observer.Present);
    }

    [Theory]
    [InlineData("first.gz", true)]
    [InlineData("first.gz", false)]
    [InlineData("first", true)]
    [InlineData("first", false)]
    public async Task A_file_with_other_content_is_named_and_replaced_only_by_force(string name, bool zipped)
    {
        byte[] other = zipped ? IdxFile.Zip(SmallDataset.Content(2)) : SmallDataset.Content(2);
        _fetch.Write(name, other);
        string path = Path.Combine(_fetch.Folder, name);
        await using var server = new LoopbackServer(Answers.File(FetchFixture.Zipped));
        string message = (await Assert.ThrowsAsync<SereException>(() => _fetch.FetchAsync(server))).Message;
        Assert.Contains($"'{path}' is there", message);
        Assert.Contains("--force", message);
        Assert.Empty(server.Requests);
        Assert.Equal([name], _fetch.Files);
        Assert.Equal(other, File.ReadAllBytes(path));

        _fetch.Options = _fetch.Options with { ReplaceDamaged = true };
        await _fetch.FetchAsync(server);
        _fetch.RequireFetched();
    }

    [Fact]
    public async Task A_file_with_other_content_that_comes_meanwhile_is_left_as_it_is()
    {
        await using var server = new LoopbackServer((request, connection, end) =>
        {
            _fetch.Write("second", [1, 2, 3]);
            return Answers.File(FetchFixture.Zipped)(request, connection, end);
        });
        string message = (await Assert.ThrowsAsync<SereException>(
            () => _fetch.FetchAsync(SmallDataset.Pair(server.Address)))).Message;
        Assert.Contains("--force", message);
        Assert.Equal(["first.gz", "second"], _fetch.Files);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(Path.Combine(_fetch.Folder, "second")));
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_failed_download_leaves_a_damaged_file_as_it_was_even_by_force()
    {
        _fetch.Write("first", [1, 2, 3]);
        _fetch.Options = _fetch.Options with { ReplaceDamaged = true };
        await using var server = new LoopbackServer(Answers.Status(404));
        await _fetch.RequireRefusedAsync(server);
        Assert.Equal(["first"], _fetch.Files);
        Assert.Equal([1, 2, 3], File.ReadAllBytes(Path.Combine(_fetch.Folder, "first")));
    }

    [Fact]
    public async Task Two_downloads_at_once_are_one_and_a_refusal()
    {
        var asked = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        await using var server = new LoopbackServer(async (request, connection, end) =>
        {
            asked.SetResult();
            await goOn.Task.WaitAsync(end);
            await Answers.File(FetchFixture.Zipped)(request, connection, end);
        });
        Task<string> first = _fetch.FetchAsync(server);
        await asked.Task.WaitAsync(TestContext.Current.CancellationToken);
        string message = (await Assert.ThrowsAsync<SereException>(() => _fetch.FetchAsync(server))).Message;
        Assert.Equal($"Another process is downloading into '{_fetch.Folder}'; wait until it has ended.", message);
        goOn.SetResult();
        await first;
        _fetch.RequireFetched();
        Assert.Single(server.Requests);
    }

    [Fact]
    public async Task A_mirror_that_served_is_asked_first_for_the_next_file()
    {
        await using var bad = new LoopbackServer(Answers.Status(404));
        await using var good = new LoopbackServer(Answers.Files(
            new() { ["first.gz"] = FetchFixture.Zipped, ["second.gz"] = IdxFile.Zip(SmallDataset.Content(2)) }));
        await _fetch.FetchAsync(SmallDataset.Pair(bad.Address, good.Address));
        Assert.Single(bad.Requests);
        Assert.Equal(2, good.Requests.Length);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_is_named()
    {
        // Not even the administrator can make a folder where a file is.
        File.WriteAllText(_fetch.Folder, "");
        await using var server = new LoopbackServer(Answers.File(FetchFixture.Zipped));
        string message = (await Assert.ThrowsAsync<SereException>(() => _fetch.FetchAsync(server))).Message;
        Assert.StartsWith($"The file '{_fetch.Folder}' cannot be written", message, StringComparison.Ordinal);
        Assert.Empty(server.Requests);
    }

    [Theory]
    [InlineData("first.gz")]
    [InlineData("first.gz.part")]
    public async Task A_folder_in_the_place_of_a_file_is_named(string name)
    {
        string path = Path.Combine(_fetch.Folder, name);
        Directory.CreateDirectory(path);
        await using var server = new LoopbackServer(Answers.File(FetchFixture.Zipped));
        string message = (await Assert.ThrowsAsync<SereException>(() => _fetch.FetchAsync(server))).Message;
        Assert.StartsWith($"The file '{path}' cannot be written because it is a folder", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_disk_is_not_taken_for_a_broken_connection()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "Only root can make a device that is full.");
        await using var server = new LoopbackServer((request, connection, end) =>
        {
            // The part is opened when the answer comes.
            using (var making = Process.Start("mknod", [_fetch.Part, "c", "1", "7"]))
            {
                making.WaitForExit();
            }

            return Answers.File(FetchFixture.Zipped)(request, connection, end);
        });
        string message = (await Assert.ThrowsAsync<SereException>(() => _fetch.FetchAsync(server))).Message;
        Assert.StartsWith(
            $"The file '{_fetch.Part}' cannot be written because the disk is full", message, StringComparison.Ordinal);
        Assert.Single(server.Requests);
    }
}
