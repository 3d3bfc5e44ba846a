using System.Globalization;
using System.Net;
using Xunit;

namespace Sere.Tests.Data.Downloads;

/// <summary>A download that broke off goes on where it was, and starts anew where it cannot.</summary>
public sealed class ResumedDownloadTests : IDisposable
{
    private const int Held = 1000;
    private static readonly byte[] Zipped = FetchFixture.Zipped;
    private readonly FetchFixture _fetch = new();

    public void Dispose() => _fetch.Dispose();

    [Fact]
    public async Task What_came_before_a_break_is_not_sent_again()
    {
        await using var server = new LoopbackServer(Answers.Cut(Zipped, Held), Answers.Cut(Zipped, 1700), Answers.File(Zipped));
        await _fetch.FetchAsync(server);
        _fetch.RequireFetched();
        Assert.Equal([null, "bytes=1000-", "bytes=1700-"], server.Requests.Select(request => request.Range));
        Assert.Equal([Held, 700, Zipped.Length - 1700], server.Requests.Select(request => request.Sent));
        Assert.Equal(2, _fetch.Observer.Warnings.Count);
        Assert.Contains("broke off after 1,000 bytes", _fetch.Observer.Warnings[0]);

        // The bar never goes back.
        long[] bytes = [.. _fetch.Observer.Progress.Select(progress => progress.Bytes)];
        Assert.Equal(bytes.Order(), bytes);
        Assert.All(_fetch.Observer.Progress, progress => Assert.Equal(Zipped.Length, progress.Of));
    }

    [Fact]
    public async Task What_came_before_a_failure_is_not_sent_again_to_the_next_download()
    {
        _fetch.Options = _fetch.Options with { Attempts = 1 };
        await using var server = new LoopbackServer(Answers.Cut(Zipped, Held), Answers.File(Zipped));
        Assert.Contains("broke off after 1,000 bytes", await _fetch.RequireRefusedAsync(server));
        Assert.Equal(["first.gz.part"], _fetch.Files);
        Assert.Equal(Zipped[..Held], File.ReadAllBytes(_fetch.Part));
        await _fetch.FetchAsync(server);
        _fetch.RequireFetched();
        Assert.Equal([null, "bytes=1000-"], server.Requests.Select(request => request.Range));
        Assert.Equal(Zipped.Length - Held, server.Requests[1].Sent);
    }

    [Fact]
    public async Task An_interrupted_download_keeps_what_it_has()
    {
        using var interruption = new CancellationTokenSource();
        _fetch.Observer.OnBytes = bytes =>
        {
            if (bytes == Held)
            {
                interruption.Cancel();
            }
        };
        await using var server = new LoopbackServer(Answers.Stall(Zipped, Held), Answers.File(Zipped));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _fetch.FetchAsync(SmallDataset.Single(server.Address), interruption.Token));
        Assert.Equal(["first.gz.part"], _fetch.Files);
        Assert.Equal(Zipped[..Held], File.ReadAllBytes(_fetch.Part));
        Assert.Single(server.Requests);
        await _fetch.FetchAsync(server);
        _fetch.RequireFetched();
        Assert.Equal("bytes=1000-", server.Requests[1].Range);
    }

    [Fact]
    public async Task The_next_mirror_goes_on_where_another_stopped()
    {
        _fetch.Options = _fetch.Options with { Attempts = 1 };
        await using var first = new LoopbackServer(Answers.Cut(Zipped, Held));
        await using var second = new LoopbackServer(Answers.File(Zipped));
        await _fetch.FetchAsync(first, second);
        _fetch.RequireFetched();
        Assert.Equal("bytes=1000-", Assert.Single(second.Requests).Range);
    }

    [Fact]
    public async Task A_silent_connection_is_a_broken_one()
    {
        // However slow the machine is: each attempt that runs out of time is followed by another.
        _fetch.Options = _fetch.Options with { StallTimeout = TimeSpan.FromSeconds(0.2), Attempts = 1000 };
        await using var server = new LoopbackServer(Answers.Stall(Zipped, Held), Answers.Silence, Answers.File(Zipped));
        await _fetch.FetchAsync(server);
        _fetch.RequireFetched();
        Assert.Null(server.Requests[0].Range);
        Assert.NotEmpty(_fetch.Observer.Warnings);
        Assert.All(_fetch.Observer.Warnings, warning => Assert.Contains("sent less than 32,768 bytes in 0.2 seconds", warning));
    }

    [Fact]
    public async Task A_server_that_sends_the_whole_file_again_is_taken_from_its_start()
    {
        _fetch.Write("first.gz.part", Zipped[..Held]);
        await using var server = new LoopbackServer(Answers.Announced(Zipped.Length, Zipped));
        await _fetch.FetchAsync(server);
        _fetch.RequireFetched();
        Assert.Equal("bytes=1000-", Assert.Single(server.Requests).Range);
    }

    [Fact]
    public async Task A_server_that_sends_another_file_from_its_start_is_not_asked_again()
    {
        _fetch.Write("first.gz.part", Zipped[..Held]);
        byte[] other = IdxFile.Zip(SmallDataset.Content(2));
        await using var wrong = new LoopbackServer(Answers.Announced(other.Length, other));
        await using var right = new LoopbackServer(Answers.File(Zipped));
        await _fetch.FetchAsync(wrong, right);
        _fetch.RequireFetched();
        Assert.Single(wrong.Requests);
        Assert.Null(Assert.Single(right.Requests).Range);
    }

    [Theory]
    [InlineData("Content-Range: bytes 0-{1}/{0}")]
    [InlineData("Content-Range: bytes 1001-{1}/{0}")]
    [InlineData("Content-Range: lines 1000-{1}/{0}")]
    [InlineData("Content-Range: bytes */{0}")]
    [InlineData("Content-Range: bytes 1000-")]
    [InlineData("X-Nothing: at all")]
    public async Task An_answer_that_starts_elsewhere_is_not_appended(string range)
    {
        _fetch.Write("first.gz.part", Zipped[..Held]);
        string header = string.Format(CultureInfo.InvariantCulture, range, Zipped.Length, Zipped.Length - 1);
        byte[] rest = Zipped[Held..];
        await using var server = new LoopbackServer(
            Answers.Then(Answers.Head(206, header, $"Content-Length: {rest.Length}"), Answers.Send(rest)),
            Answers.File(Zipped));
        await _fetch.FetchAsync(server);
        _fetch.RequireFetched();
        Assert.Equal(["bytes=1000-", null], server.Requests.Select(request => request.Range));
    }

    [Fact]
    public async Task A_part_of_the_rest_is_taken_and_asked_on_from()
    {
        _fetch.Write("first.gz.part", Zipped[..Held]);
        await using var server = new LoopbackServer(
            Answers.Then(
                Answers.Head(206, $"Content-Range: bytes 1000-1499/{Zipped.Length}", "Content-Length: 500"),
                Answers.Send(Zipped[Held..1500])),
            Answers.File(Zipped));
        await _fetch.FetchAsync(server);
        _fetch.RequireFetched();
        Assert.Equal(["bytes=1000-", "bytes=1500-"], server.Requests.Select(request => request.Range));
    }

    [Fact]
    public async Task A_range_that_is_refused_starts_the_file_anew()
    {
        _fetch.Write("first.gz.part", Zipped[..Held]);
        await using var server = new LoopbackServer(
            Answers.Status((int)HttpStatusCode.RequestedRangeNotSatisfiable), Answers.File(Zipped));
        await _fetch.FetchAsync(server);
        _fetch.RequireFetched();
        Assert.Equal(["bytes=1000-", null], server.Requests.Select(request => request.Range));
    }

    [Fact]
    public async Task A_part_that_is_whole_needs_no_mirror()
    {
        _fetch.Write("first.gz.part", Zipped);
        await using var server = new LoopbackServer(Answers.Status(500));
        await _fetch.FetchAsync(server);
        _fetch.RequireFetched();
        Assert.Empty(server.Requests);
    }

    [Fact]
    public async Task A_part_that_cannot_become_the_file_is_not_gone_on_from()
    {
        _fetch.Write("first.gz.part", SmallDataset.Content());
        await using var server = new LoopbackServer(Answers.File(Zipped));
        await _fetch.FetchAsync(server);
        _fetch.RequireFetched();
        Assert.Null(Assert.Single(server.Requests).Range);
    }

    [Fact]
    public async Task A_part_of_another_file_does_not_discredit_the_mirror()
    {
        // A file of the same content, packed otherwise: what follows fits no more.
        byte[] other = IdxFile.Zip([.. SmallDataset.Content(2), .. SmallDataset.Content()]);
        _fetch.Write("first.gz.part", other[..Held]);
        await using var server = new LoopbackServer(Answers.File(Zipped));
        await _fetch.FetchAsync(server);
        _fetch.RequireFetched();
        Assert.Equal(["bytes=1000-", null], server.Requests.Select(request => request.Range));
    }
}
