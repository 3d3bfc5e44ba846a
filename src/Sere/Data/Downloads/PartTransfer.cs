using System.Net;
using System.Net.Http.Headers;
using Sere.Storage;

namespace Sere.Data.Downloads;

/// <summary>
/// Asks a mirror for the rest of a file and appends it. Nothing that the mirror says is believed: not where an answer
/// starts, not how long it is, not that it goes on.
/// </summary>
internal sealed class PartTransfer : IDisposable
{
    private const int BufferLength = 1 << 16;

    // Of a mirror that sends a byte now and then, a data set would take years.
    private const int LeastBytes = 1 << 15;
    private readonly TimeSpan _stallTimeout;
    private readonly MirrorClient _client;

    /// <summary>Transfers from one mirror.</summary>
    public PartTransfer(Uri mirror, FetchOptions options)
    {
        _stallTimeout = options.StallTimeout;
        _client = new MirrorClient(mirror, options.ConnectTimeout);
    }

    public void Dispose() => _client.Dispose();

    /// <summary>Sends one request and appends what it brings to the part.</summary>
    /// <param name="source">The address of the file.</param>
    /// <param name="part">What is here of it already.</param>
    /// <param name="largest">The most bytes that the file may have.</param>
    /// <param name="onProgress">Is told the bytes that are here, and of how many, if that is known.</param>
    /// <param name="cancellation">Ends the transfer; what has come stays.</param>
    /// <exception cref="MirrorException">The mirror will not give the file.</exception>
    /// <exception cref="SereException">The part cannot be written.</exception>
    public async Task<TransferResult> AppendAsync(
        Uri source, PartFile part, long largest, Action<long, long?> onProgress, CancellationToken cancellation)
    {
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        long offset = part.Length;
        bool hadPart = offset > 0;
        try
        {
            stall.CancelAfter(_stallTimeout);
            using HttpResponseMessage response = await _client.SendAsync(source, offset, stall.Token);
            if (Refusal(response, offset) is { } refusal)
            {
                part.Delete();
                return new TransferResult(hadPart, refusal);
            }

            // A server that knows no ranges sends the whole file.
            long length = response.StatusCode == HttpStatusCode.PartialContent ? offset : 0;
            hadPart = length > 0;
            RequireWithin(response.Content.Headers.ContentLength, largest);
            long? size = Size(response.Content.Headers, length);
            RequireWithin(size, largest);
            await using FileStream stream = part.Open(length);
            onProgress(length, size);
            await using Stream content = await response.Content.ReadAsStreamAsync(stall.Token);
            byte[] buffer = new byte[BufferLength];
            for (long due = length; ;)
            {
                if (length >= due)
                {
                    due = length + LeastBytes;
                    stall.CancelAfter(_stallTimeout);
                }

                int read = await content.ReadAsync(buffer, stall.Token);
                if (read == 0)
                {
                    return new TransferResult(hadPart, Shortfall(response, length, size));
                }

                length += read;
                if (length > largest)
                {
                    stream.SetLength(0);
                    throw TooLong(largest);
                }

                Write(stream, buffer.AsSpan(0, read), part.Path);
                onProgress(length, size);
            }
        }
        catch (OperationCanceledException) when (stall.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return new TransferResult(hadPart, $"sent less than {LeastBytes:N0} bytes in {_stallTimeout.TotalSeconds:0.#} seconds");
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            return new TransferResult(hadPart, $"broke off after {part.Length:N0} bytes");
        }
    }

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

    private static long? Size(HttpContentHeaders headers, long offset) =>
        offset > 0 && headers.ContentRange?.Length is { } size ? size : offset + headers.ContentLength;

    private static string? Shortfall(HttpResponseMessage response, long length, long? size) =>
        size is null && response.Headers.TransferEncodingChunked != true ? "did not say whether that was all"
        : size is { } announced && length != announced ? $"sent {length:N0} of {announced:N0} bytes"
        : null;

    private static void RequireWithin(long? size, long largest)
    {
        if (size > largest)
        {
            throw TooLong(largest);
        }
    }

    private static MirrorException TooLong(long largest) =>
        new($"sends more than the {largest:N0} bytes that the file can have");

    // By itself, so that a full disk is not taken for a broken connection.
    private static void Write(FileStream stream, ReadOnlySpan<byte> bytes, string path)
    {
        try
        {
            stream.Write(bytes);
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            throw FileFault.Writing(path, error);
        }
    }
}
