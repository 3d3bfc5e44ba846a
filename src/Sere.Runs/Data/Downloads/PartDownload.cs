using System.Net;
using System.Net.Http.Headers;
using Sere.Storage;

namespace Sere.Data.Downloads;

/// <summary>
/// Downloads one file into its part: from one mirror after the other, from each as often as a bounded number of attempts
/// allows, going on where an attempt broke off. Nothing that a mirror says is believed: not where an answer starts, not how
/// long it is, not that it goes on.
/// </summary>
internal sealed class PartDownload(FetchOptions options, IFetchObserver observer)
{
    private const int MostRedirections = 5;
    private const int BufferLength = 1 << 16;

    // Of a mirror that sends a byte now and then, a data set would take years.
    private const int LeastBytes = 1 << 15;

    /// <summary>Completes a part; it may be whole already.</summary>
    /// <param name="part">Where the file goes, and what is here of it.</param>
    /// <param name="mirrors">Where to get it, in this order.</param>
    /// <param name="largest">The most bytes that it may have.</param>
    /// <param name="check">What the part is.</param>
    /// <param name="cancellation">Ends the download; the part stays.</param>
    /// <returns>The mirror that served it, or null where the part was whole.</returns>
    /// <exception cref="SereException">No mirror served it, or the part cannot be written.</exception>
    public async Task<Uri?> CompleteAsync(
        PartFile part,
        IReadOnlyList<Uri> mirrors,
        long largest,
        Func<string, ContentState> check,
        CancellationToken cancellation)
    {
        if (Check(part, check) == ContentState.Whole)
        {
            return null;
        }

        var faults = new List<string>();
        foreach (Uri mirror in mirrors)
        {
            try
            {
                await CompleteFromAsync(mirror, part, largest, check, cancellation);
                return mirror;
            }
            catch (MirrorException error)
            {
                string fault = $"{mirror} {error.Message}";
                faults.Add(fault);
                if (faults.Count < mirrors.Count)
                {
                    observer.OnWarning($"{fault}; trying the next mirror for '{part.Name}'.");
                }
            }
            finally
            {
                if (part.Length == 0)
                {
                    part.Delete();
                }
            }
        }

        throw new SereException(
            $"'{part.Name}' could not be downloaded: {string.Join("; ", faults)}; try again later, name another mirror "
            + $"with --mirror, or copy the files of the data set into '{Path.GetDirectoryName(part.Path)}' yourself.");
    }

    private async Task CompleteFromAsync(
        Uri mirror, PartFile part, long largest, Func<string, ContentState> check, CancellationToken cancellation)
    {
        using var client = new HttpClient(new SocketsHttpHandler
        {
            AutomaticDecompression = DecompressionMethods.None,
            ConnectTimeout = options.ConnectTimeout,
            // It follows to whatever scheme, and trips over some.
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = !mirror.IsLoopback,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        for (int attempt = 1; ; attempt++)
        {
            var (hadPart, fault) = await AppendAsync(client, new Uri(mirror, part.Name), part, largest, cancellation);
            cancellation.ThrowIfCancellationRequested();
            var state = Check(part, check);
            if (state == ContentState.Whole)
            {
                return;
            }

            if (state == ContentState.Wrong || fault is null)
            {
                part.Delete();
                fault = "sends a file that is not that of this data set";
                if (!hadPart)
                {
                    throw new MirrorException(fault);
                }

                // What was here before may be to blame, and that need not come from this mirror.
            }

            if (attempt == options.Attempts)
            {
                throw new MirrorException(fault);
            }

            observer.OnWarning($"{mirror} {fault}; asking it again for '{part.Name}'.");
            await Task.Delay(options.RetryDelay * attempt, cancellation);
        }
    }

    // Bytes of another file are of no use to a download that goes on.
    private static ContentState Check(PartFile part, Func<string, ContentState> check)
    {
        var state = part.Length == 0 ? ContentState.Truncated : check(part.Path);
        if (state == ContentState.Wrong)
        {
            part.Delete();
        }

        return state;
    }

    /// <summary>Sends one request for the rest of a file and appends what it brings to the part.</summary>
    /// <returns>
    /// Whether the file has bytes from before the request, and why bytes may be missing, to go on after the mirror's address;
    /// null where all came that were announced.
    /// </returns>
    /// <exception cref="MirrorException">The mirror will not give the file.</exception>
    /// <exception cref="SereException">The part cannot be written.</exception>
    private async Task<(bool HadPart, string? BrokeOff)> AppendAsync(
        HttpClient client, Uri source, PartFile part, long largest, CancellationToken cancellation)
    {
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        long offset = part.Length;
        bool hadPart = offset > 0;
        try
        {
            stall.CancelAfter(options.StallTimeout);
            using HttpResponseMessage response = await SendAsync(client, source, offset, stall.Token);
            if (Refusal(response, offset) is { } refusal)
            {
                part.Delete();
                return (hadPart, refusal);
            }

            // A server that knows no ranges sends the whole file.
            long length = response.StatusCode == HttpStatusCode.PartialContent ? offset : 0;
            hadPart = length > 0;
            HttpContentHeaders headers = response.Content.Headers;
            long? size = hadPart && headers.ContentRange?.Length is { } whole ? whole : length + headers.ContentLength;
            RequireWithin(headers.ContentLength, largest);
            RequireWithin(size, largest);
            await using FileStream stream = part.Open(length);
            observer.OnProgress(part.Name, length, size);
            await using Stream content = await response.Content.ReadAsStreamAsync(stall.Token);
            byte[] buffer = new byte[BufferLength];
            for (long due = length; ;)
            {
                if (length >= due)
                {
                    due = length + LeastBytes;
                    stall.CancelAfter(options.StallTimeout);
                }

                int read = await content.ReadAsync(buffer, stall.Token);
                if (read == 0)
                {
                    return (hadPart, size is null && response.Headers.TransferEncodingChunked != true
                            ? "did not say whether that was all"
                        : size is { } announced && length != announced ? $"sent {length:N0} of {announced:N0} bytes"
                        : null);
                }

                length += read;
                if (length > largest)
                {
                    stream.SetLength(0);
                }

                RequireWithin(length, largest);

                // By itself, so that a full disk is not taken for a broken connection.
                FileFault.Writing(part.Path, () => stream.Write(buffer.AsSpan(0, read)));
                observer.OnProgress(part.Name, length, size);
            }
        }
        catch (OperationCanceledException) when (stall.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return (hadPart, $"sent less than {LeastBytes:N0} bytes in {options.StallTimeout.TotalSeconds:0.#} seconds");
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return (hadPart, $"broke off after {part.Length:N0} bytes");
        }
    }

    /// <summary>The head of the answer to a request for a file from a byte on; its content has not been read.</summary>
    private static async Task<HttpResponseMessage> SendAsync(
        HttpClient client, Uri source, long offset, CancellationToken cancellation)
    {
        for (int redirections = 0; redirections <= MostRedirections; redirections++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, source);
            request.Headers.UserAgent.Add(new ProductInfoHeaderValue("sere", null));
            // A gzip file is content here, and the bytes of a range are those of the file as it is stored.
            request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
            request.Headers.Range = offset > 0 ? new RangeHeaderValue(offset, null) : null;
            try
            {
                var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
                if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308))
                {
                    return response;
                }

                response.Dispose();
                source = response.Headers.Location is { } location && Uri.TryCreate(source, location, out Uri? target)
                    && (target.Scheme, source.Scheme) is ("https", _) or ("http", "http")
                    ? target
                    : throw new MirrorException("redirects to an address that is not followed");
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

        throw new MirrorException("redirects without end");
    }

    private static string? Fault(HttpRequestException error) => error.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError
            or HttpRequestError.ConnectionError
            or HttpRequestError.SecureConnectionError
            or HttpRequestError.ProxyTunnelError =>
                $"cannot be reached ({error.GetBaseException().Message.Split('\n')[0].TrimEnd('.', '\r')})",
        HttpRequestError.InvalidResponse
            or HttpRequestError.ConfigurationLimitExceeded
            or HttpRequestError.HttpProtocolError => "does not answer as a web server does",
        _ => null,
    };

    /// <summary>Why the part has to be started anew, or null where the answer can be taken.</summary>
    private static string? Refusal(HttpResponseMessage response, long offset) => response.StatusCode switch
    {
        HttpStatusCode.OK => null,
        HttpStatusCode.PartialContent when offset > 0 =>
            response.Content.Headers.ContentRange is { Unit: "bytes", From: { } from } && from == offset
                ? null
                : "did not go on where the download broke off",
        HttpStatusCode.RequestedRangeNotSatisfiable when offset > 0 => "cannot go on where the download broke off",
        var status => throw new MirrorException($"answers with status {(int)status}"),
    };

    private static void RequireWithin(long? size, long largest)
    {
        if (size > largest)
        {
            throw new MirrorException($"sends more than the {largest:N0} bytes that the file can have");
        }
    }

    /// <summary>A mirror will not give the file, however often it is asked. The message goes on after its address.</summary>
    private sealed class MirrorException(string message, Exception? cause = null) : Exception(message, cause);
}

/// <summary>The beginning of a download, beside the file that it becomes.</summary>
/// <param name="folder">The folder of the file.</param>
/// <param name="name">The name of the file.</param>
internal sealed class PartFile(string folder, string name)
{
    private const string Suffix = ".part";
    private readonly string _target = System.IO.Path.Combine(folder, name);

    public string Name => name;

    public string Path => _target + Suffix;

    /// <summary>How many bytes it has; 0 where there is none.</summary>
    public long Length => new FileInfo(Path) is { Exists: true } file ? file.Length : 0;

    /// <summary>Opens it to go on after its first bytes, for nobody else to write to; the rest is cut off.</summary>
    public FileStream Open(long length) => FileFault.Writing(Path, () =>
    {
        LinkFreePath.Below(folder, name + Suffix);
        var stream = new FileStream(Path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 0);
        if (stream.Length > length)
        {
            stream.SetLength(length);
        }

        stream.Seek(0, SeekOrigin.End);
        return stream;
    });

    public void Delete() => DeleteFile(Path);

    /// <summary>Gives it the name of the file that it becomes, in one step, once all of it is on the disk.</summary>
    /// <returns>The path of the file.</returns>
    public string Place(bool overwrite) => FileFault.Writing(_target, () =>
    {
        using (var stream = new FileStream(Path, FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            stream.Flush(flushToDisk: true);
        }

        File.Move(Path, _target, overwrite);
        return _target;
    });

    public static void DeleteFile(string path)
    {
        // Where there is no folder either, there is nothing to delete.
        if (File.Exists(path))
        {
            FileFault.Writing(path, () => File.Delete(path));
        }
    }
}
