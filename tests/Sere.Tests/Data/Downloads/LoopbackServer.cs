using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Sere.Tests.Data.Downloads;

/// <summary>
/// A web server on this machine that answers as it is told, byte by byte, so that it can misbehave as no real server would.
/// Each connection is for one request.
/// </summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentQueue<ServerRequest> _requests = new();
    private readonly Answer[] _answers;
    private readonly Task _accepting;

    /// <summary>Starts; the first request gets the first answer, and so on; the last one is for all others too.</summary>
    public LoopbackServer(params Answer[] answers)
    {
        _answers = answers;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    /// <summary>The address of its folder of files.</summary>
    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/files/");

    /// <summary>What was asked so far, in order.</summary>
    public ServerRequest[] Requests => [.. _requests];

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _accepting;
        _listener.Stop();
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                open.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(open);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream connection = client.GetStream();
                if (await ReadHeadAsync(connection) is { } head)
                {
                    var request = new ServerRequest(head);
                    _requests.Enqueue(request);
                    await _answers[Math.Min(_requests.Count, _answers.Length) - 1](request, connection, _end.Token);
                }
            }
            catch (Exception error) when (error is IOException or OperationCanceledException)
            {
                // The client went, or the test ended.
            }
        }
    }

    private async Task<string?> ReadHeadAsync(NetworkStream connection)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (await connection.ReadAsync(one, _end.Token) == 1)
        {
            head.Append((char)one[0]);
            if (one[0] == '\n' && head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
            {
                return head.ToString();
            }
        }

        return null;
    }
}
