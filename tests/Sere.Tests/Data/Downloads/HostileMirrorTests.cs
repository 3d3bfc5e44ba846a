using System.Text;
using Xunit;

namespace Sere.Tests.Data.Downloads;

/// <summary>Whatever a mirror does, the right file comes into its place or none, and the next mirror has its turn.</summary>
public sealed class HostileMirrorTests : IDisposable
{
    private static readonly byte[] Zipped = FetchFixture.Zipped;
    private readonly FetchFixture _fetch = new();

    public void Dispose() => _fetch.Dispose();

    public static TheoryData<string> OtherContents =>
    [
        "another file", "not a gzip file", "cut short", "bytes behind it", "twice", "one byte too many", "an unpacked file",
        "a gzip bomb", "nothing",
    ];

    [Theory]
    [MemberData(nameof(OtherContents))]
    public async Task Wrong_bytes_do_not_stay_and_the_next_mirror_is_asked_from_the_start(string what)
    {
        byte[] other = OtherContent(what);
        await using var wrong = new LoopbackServer(Answers.Announced(other.Length, other));
        await using var right = new LoopbackServer(Answers.File(Zipped));
        await _fetch.FetchAsync(wrong, right);
        _fetch.RequireFetched();
        Assert.Single(wrong.Requests);
        Assert.Null(Assert.Single(right.Requests).Range);
        string warning = Assert.Single(_fetch.Observer.Warnings);
        Assert.StartsWith(wrong.Address.ToString(), warning, StringComparison.Ordinal);
        Assert.Contains("trying the next mirror", warning);
    }

    [Fact]
    public async Task Wrong_bytes_everywhere_leave_nothing()
    {
        byte[] other = OtherContent("another file");
        await using var first = new LoopbackServer(Answers.File(other));
        await using var second = new LoopbackServer(Answers.File(other));
        string message = await _fetch.RequireRefusedAsync(first, second);
        Assert.Contains("sends a file that is not that of this data set", message);
        Assert.Empty(_fetch.Files);
    }

    [Fact]
    public async Task A_mirror_that_sends_a_byte_now_and_then_counts_as_silent()
    {
        // Whole, the file would take it an hour.
        var pause = TimeSpan.FromSeconds(0.5);
        _fetch.Options = _fetch.Options with { StallTimeout = 3 * pause, Attempts = 1 };
        await using var slow = new LoopbackServer(Answers.Then(
            Answers.Head(200, $"Content-Length: {Zipped.Length}"), Answers.Trickle(Zipped, pause)));
        string message = await _fetch.RequireRefusedAsync(slow).WaitAsync(
            TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.Contains("sent less than 32,768 bytes in 1.5 seconds", message);
    }

    [Fact]
    public async Task A_length_that_is_too_small_does_not_pass_for_the_end()
    {
        await using var server = new LoopbackServer(Answers.Announced(Zipped.Length - 100, Zipped));
        Assert.Contains("sends a file that is not that", await _fetch.RequireRefusedAsync(server));
        Assert.Empty(_fetch.Files);
    }

    [Fact]
    public async Task A_length_that_is_too_large_does_no_harm_to_a_file_that_came_whole()
    {
        await using var server = new LoopbackServer(Answers.Announced(Zipped.Length + 100, Zipped));
        await _fetch.FetchAsync(server);
        _fetch.RequireFetched();
        Assert.Single(server.Requests);
    }

    [Theory]
    [InlineData(100_000_000_000)]
    [InlineData(long.MaxValue)]
    public async Task A_length_beyond_what_the_file_can_have_is_refused_before_a_byte_is_taken(long length)
    {
        await using var server = new LoopbackServer(Answers.Announced(length, Zipped));
        Assert.Contains("sends more than the 7,126 bytes", await _fetch.RequireRefusedAsync(server));
        Assert.Empty(_fetch.Observer.Progress);
        Assert.Empty(_fetch.Files);
    }

    [Theory]
    [InlineData("bytes 1000-7499/7500", 6500)]
    [InlineData("bytes 1000-7499/*", 6500)]
    [InlineData("bytes 1000-1999/100000000000", 1000)]
    [InlineData("bytes 1000-9999999999/*", long.MaxValue)]
    public async Task The_rest_of_a_file_does_not_exceed_what_the_file_can_have(string range, long length)
    {
        _fetch.Write("first.gz.part", Zipped[..1000]);
        await using var server = new LoopbackServer(Answers.Then(
            Answers.Head(206, $"Content-Range: {range}", $"Content-Length: {length}"), Answers.Send(new byte[8000])));
        Assert.Contains("sends more than the 7,126 bytes", await _fetch.RequireRefusedAsync(server));
        Assert.Equal(Zipped[..1000], File.ReadAllBytes(_fetch.Part));
    }

    [Fact]
    public async Task An_endless_answer_is_cut_off()
    {
        await using var server = new LoopbackServer(Answers.Then(Answers.Head(200), Answers.SendForever(new byte[4096])));
        Assert.Contains("sends more than the 7,126 bytes", await _fetch.RequireRefusedAsync(server));
        Assert.InRange(_fetch.Observer.Progress.Max(progress => progress.Bytes), 0, 7126);
        Assert.Empty(_fetch.Files);
    }

    [Fact]
    public async Task A_file_without_a_length_is_taken()
    {
        await using var server = new LoopbackServer(Answers.Then(Answers.Head(200), Answers.Send(Zipped)));
        await _fetch.FetchAsync(server);
        _fetch.RequireFetched();
        Assert.All(_fetch.Observer.Progress, progress => Assert.Null(progress.Of));
    }

    [Fact]
    public async Task A_file_without_a_length_that_ends_early_goes_on()
    {
        await using var server = new LoopbackServer(
            Answers.Then(Answers.Head(200), Answers.Send(Zipped[..1000])), Answers.File(Zipped));
        await _fetch.FetchAsync(server);
        _fetch.RequireFetched();
        Assert.Equal([null, "bytes=1000-"], server.Requests.Select(request => request.Range));
    }

    [Fact]
    public async Task A_file_in_chunks_is_taken_and_goes_on_after_a_break()
    {
        byte[] chunk = [.. "3E8\r\n"u8, .. Zipped[..1000], .. "\r\n"u8];
        await using var server = new LoopbackServer(
            Answers.Then(Answers.Head(200, "Transfer-Encoding: chunked"), Answers.Send(chunk)), Answers.File(Zipped));
        await _fetch.FetchAsync(server);
        _fetch.RequireFetched();
        Assert.Equal([null, "bytes=1000-"], server.Requests.Select(request => request.Range));
    }

    [Fact]
    public async Task A_redirection_is_followed()
    {
        await using var server = new LoopbackServer(
            Answers.Head(302, "Location: /elsewhere/first", "Content-Length: 0"), Answers.File(Zipped));
        await _fetch.FetchAsync(server);
        _fetch.RequireFetched();
        Assert.Equal(["/files/first.gz", "/elsewhere/first"], server.Requests.Select(request => request.Path));
    }

    [Fact]
    public async Task A_redirection_in_a_loop_is_followed_a_bounded_number_of_times()
    {
        await using var server = new LoopbackServer(Answers.Head(302, "Location: /files/first.gz", "Content-Length: 0"));
        Assert.Contains("redirects without end", await _fetch.RequireRefusedAsync(server));
        Assert.Equal(6, server.Requests.Length);
        Assert.Empty(_fetch.Files);
    }

    [Theory]
    [InlineData("Location: ftp://127.0.0.1/first.gz")]
    [InlineData("Location: file:///etc/passwd")]
    [InlineData("Location: http://")]
    [InlineData("Location: http://a b/")]
    [InlineData("Location: ")]
    [InlineData("X-Nothing: at all")]
    public async Task A_redirection_to_what_is_no_web_server_is_refused(string location)
    {
        await using var server = new LoopbackServer(Answers.Head(302, location, "Content-Length: 0"));
        Assert.Contains("redirects to an address that is not followed", await _fetch.RequireRefusedAsync(server));
        Assert.Single(server.Requests);
        Assert.Empty(_fetch.Files);
    }

    [Theory]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(500)]
    [InlineData(204)]
    [InlineData(206)]
    [InlineData(416)]
    public async Task A_mirror_that_has_no_file_is_asked_once_and_the_next_one_is_asked(int status)
    {
        await using var bad = new LoopbackServer(Answers.Status(status));
        await using var good = new LoopbackServer(Answers.File(Zipped));
        await _fetch.FetchAsync(bad, good);
        _fetch.RequireFetched();
        Assert.Single(bad.Requests);
        Assert.Contains($"answers with status {status}", Assert.Single(_fetch.Observer.Warnings));
    }

    [Fact]
    public async Task Without_a_network_one_sentence_says_what_was_tried_and_what_to_do()
    {
        using var first = new ClosedPort();
        using var second = new ClosedPort();
        string message = (await Assert.ThrowsAsync<SereException>(
            () => _fetch.FetchAsync(SmallDataset.Single(first.Address, second.Address)))).Message;
        Assert.StartsWith(
            $"'first.gz' could not be downloaded: {first.Address} cannot be reached (", message, StringComparison.Ordinal);
        Assert.Contains($"; {second.Address} cannot be reached (", message);
        Assert.EndsWith(
            $"; try again later, name another mirror with --mirror, or copy the files of the data set into '{_fetch.Folder}' "
            + "yourself.",
            message,
            StringComparison.Ordinal);
        Assert.DoesNotContain("\n", message);
        Assert.Empty(_fetch.Files);
    }

    [Fact]
    public async Task A_server_that_hangs_up_is_asked_a_bounded_number_of_times()
    {
        await using var server = new LoopbackServer(Answers.Raw([]));
        Assert.Contains("broke off after 0 bytes", await _fetch.RequireRefusedAsync(server));
        // The client asks again by itself where a new connection ends without a byte.
        Assert.InRange(server.Requests.Length, 3, 12);
        Assert.Equal(2, _fetch.Observer.Warnings.Count);
        Assert.Empty(_fetch.Files);
    }

    [Theory]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("HTTP/1.1 abc Whatever\r\n\r\n")]
    public async Task A_server_of_another_kind_is_refused(string greeting)
    {
        await using var server = new LoopbackServer(Answers.Raw(Encoding.ASCII.GetBytes(greeting)));
        Assert.Contains("does not answer as a web server does", await _fetch.RequireRefusedAsync(server));
        Assert.Empty(_fetch.Files);
    }

    [Fact]
    public async Task Headers_without_end_are_refused()
    {
        await using var server = new LoopbackServer(Answers.Then(
            Answers.Raw("HTTP/1.1 200 OK\r\n"u8.ToArray()), Answers.SendForever("X-More: and more\r\n"u8.ToArray())));
        Assert.Contains("does not answer as a web server does", await _fetch.RequireRefusedAsync(server));
        Assert.Empty(_fetch.Files);
    }

    private static byte[] OtherContent(string what) => what switch
    {
        "another file" => IdxFile.Zip(SmallDataset.Content(2)),
        "not a gzip file" => Encoding.ASCII.GetBytes("<html>Please sign in.</html>"),
        "cut short" => Zipped[..^20],
        "bytes behind it" => [.. Zipped, .. new byte[20]],
        "twice" => [.. Zipped, .. Zipped],
        "one byte too many" => IdxFile.Zip([.. SmallDataset.Content(), 0]),
        "an unpacked file" => SmallDataset.Content(),
        "a gzip bomb" => IdxFile.Zip(new byte[4_000_000]),
        "nothing" => [],
        _ => throw new ArgumentOutOfRangeException(nameof(what)),
    };
}
