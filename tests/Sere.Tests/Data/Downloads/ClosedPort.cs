using System.Net;
using System.Net.Sockets;

namespace Sere.Tests.Data.Downloads;

/// <summary>A port of this machine that refuses every connection, and that nobody else gets meanwhile.</summary>
internal sealed class ClosedPort : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

    public ClosedPort()
    {
        // Bound and not listened at.
        _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
    }

    /// <summary>The address of a folder there.</summary>
    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_socket.LocalEndPoint!).Port}/files/");

    public void Dispose() => _socket.Dispose();
}
