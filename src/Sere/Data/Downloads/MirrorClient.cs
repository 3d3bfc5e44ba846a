using System.Net;
using System.Net.Http.Headers;

namespace Sere.Data.Downloads;

/// <summary>
/// Asks a mirror for a file. Redirections are followed here and not by the handler, which follows them to any scheme.
/// </summary>
internal sealed class MirrorClient : IDisposable
{
    private const int MostRedirections = 5;
    private readonly HttpClient _client;

    /// <summary>A client of one mirror.</summary>
    /// <param name="mirror">Where requests go; a server on this machine is asked without a proxy.</param>
    /// <param name="connectTimeout">After how long without a connection a server counts as out of reach.</param>
    public MirrorClient(Uri mirror, TimeSpan connectTimeout)
    {
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = connectTimeout,
            UseCookies = false,
            UseProxy = !mirror.IsLoopback,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    public void Dispose() => _client.Dispose();

    /// <summary>The head of the answer to a request; its content has not been read.</summary>
    /// <param name="source">The address of the file.</param>
    /// <param name="offset">From which byte on it is wanted.</param>
    /// <param name="cancellation">Ends the request.</param>
    /// <exception cref="MirrorException">There is no such server, or it redirects without end.</exception>
    /// <exception cref="HttpRequestException">The connection broke off.</exception>
    public async Task<HttpResponseMessage> SendAsync(Uri source, long offset, CancellationToken cancellation)
    {
        for (int redirections = 0; redirections <= MostRedirections; redirections++)
        {
            using HttpRequestMessage request = Request(source, offset);
            HttpResponseMessage response = await SendAsync(request, cancellation);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308))
            {
                return response;
            }

            using (response)
            {
                source = Target(source, response.Headers.Location);
            }
        }

        throw new MirrorException("redirects without end");
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellation)
    {
        try
        {
            return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        }
        catch (OperationCanceledException error) when (!cancellation.IsCancellationRequested)
        {
            throw new MirrorException("cannot be reached (it does not answer)", error);
        }
        catch (HttpRequestException error) when (Fault(error) is { } fault)
        {
            throw new MirrorException(fault, error);
        }
    }

    private static HttpRequestMessage Request(Uri source, long offset)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, source);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("sere", null));
        // A gzip file is content here, and the bytes of a range are those of the file as it is stored.
        request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
        if (offset > 0)
        {
            request.Headers.Range = new RangeHeaderValue(offset, null);
        }

        return request;
    }

    private static Uri Target(Uri source, Uri? location) =>
        location is not null && Uri.TryCreate(source, location, out Uri? target)
        && (target.Scheme, source.Scheme) is ("https", _) or ("http", "http")
            ? target
            : throw new MirrorException("redirects to an address that is not followed");

    private static string? Fault(HttpRequestException error) => error.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError
            or HttpRequestError.ConnectionError
            or HttpRequestError.SecureConnectionError
            or HttpRequestError.ProxyTunnelError => $"cannot be reached ({FirstLine(error.GetBaseException().Message)})",
        HttpRequestError.InvalidResponse
            or HttpRequestError.ConfigurationLimitExceeded
            or HttpRequestError.HttpProtocolError => "does not answer as a web server does",
        _ => null,
    };

    private static string FirstLine(string message) => message.Split('\n')[0].TrimEnd('.', '\r');
}

/// <summary>A mirror will not give the file, however often it is asked. The message goes on after its address.</summary>
internal sealed class MirrorException : Exception
{
    public MirrorException(string message)
        : base(message)
    {
    }

    public MirrorException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
