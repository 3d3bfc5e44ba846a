using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using Sere.Storage;

namespace Sere.Data.Downloads;

/// <summary>
/// Downloads one file into its part: from one mirror after the other, from each as often as a bounded number of attempts
/// allows, going on where an attempt broke off.
/// </summary>
internal sealed class PartDownload
{
    private readonly FetchOptions _options;
    private readonly IFetchObserver _observer;

    public PartDownload(FetchOptions options, IFetchObserver observer)
    {
        _options = options;
        _observer = observer;
    }

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
                    _observer.OnWarning($"{fault}; trying the next mirror for '{part.Name}'.");
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

        string folder = Path.GetDirectoryName(part.Path)!;
        throw new SereException(
            $"'{part.Name}' could not be downloaded: {string.Join("; ", faults)}; try again later, name another mirror "
            + $"with --mirror, or copy the files of the data set into '{folder}' yourself.");
    }

    private async Task CompleteFromAsync(
        Uri mirror, PartFile part, long largest, Func<string, ContentState> check, CancellationToken cancellation)
    {
        using var transfer = new PartTransfer(mirror, _options);
        var source = new Uri(mirror, part.Name);
        for (int attempt = 1; ; attempt++)
        {
            TransferResult result = await transfer.AppendAsync(
                source, part, largest, (bytes, of) => _observer.OnProgress(part.Name, bytes, of), cancellation);
            cancellation.ThrowIfCancellationRequested();
            string? fault = result.BrokeOff;
            switch (Check(part, check))
            {
                case ContentState.Whole:
                    return;
                case ContentState.Truncated when fault is not null:
                    break;
                case ContentState.Truncated or ContentState.Wrong:
                    part.Delete();
                    fault = "sends a file that is not that of this data set";
                    if (!result.HadPart)
                    {
                        throw new MirrorException(fault);
                    }

                    // What was here before may be to blame, and that need not come from this mirror.
                    break;
                default:
                    throw new UnreachableException();
            }

            if (attempt == _options.Attempts)
            {
                throw new MirrorException(fault);
            }

            _observer.OnWarning($"{mirror} {fault}; asking it again for '{part.Name}'.");
            await Task.Delay(_options.RetryDelay * attempt, cancellation);
        }
    }

    // Bytes of another file are of no use to a download that goes on.
    private static ContentState Check(PartFile part, Func<string, ContentState> check)
    {
        if (part.Length == 0)
        {
            return ContentState.Truncated;
        }

        ContentState state = check(part.Path);
        if (state == ContentState.Wrong)
        {
            part.Delete();
        }

        return state;
    }
}

/// <summary>The beginning of a download, beside the file that it becomes.</summary>
internal sealed class PartFile
{
    private const string Suffix = ".part";
    private readonly string _folder;
    private readonly string _target;

    /// <summary>The part of the file <paramref name="name"/> in a folder.</summary>
    public PartFile(string folder, string name)
    {
        Name = name;
        _folder = folder;
        _target = System.IO.Path.Combine(folder, name);
        Path = _target + Suffix;
    }

    /// <summary>The name of the file that it becomes.</summary>
    public string Name { get; }

    /// <summary>Where the part is.</summary>
    public string Path { get; }

    /// <summary>How many bytes it has; 0 where there is none.</summary>
    public long Length => new FileInfo(Path) is { Exists: true } file ? file.Length : 0;

    /// <summary>Opens it to go on after its first bytes, for nobody else to write to; the rest is cut off.</summary>
    /// <param name="length">How many bytes stay.</param>
    /// <exception cref="SereException">It cannot be written.</exception>
    public FileStream Open(long length)
    {
        FileStream? stream = null;
        Guard(Path, () =>
        {
            LinkFreePath.Below(_folder, Name + Suffix);
            stream = new FileStream(Path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, bufferSize: 0);
            if (stream.Length > length)
            {
                stream.SetLength(length);
            }

            stream.Seek(0, SeekOrigin.End);
        });
        return stream!;
    }

    /// <summary>Deletes it, if there is one.</summary>
    /// <exception cref="SereException">It cannot be deleted.</exception>
    public void Delete() => DeleteFile(Path);

    /// <summary>Gives it the name of the file that it becomes, in one step, once all of it is on the disk.</summary>
    /// <param name="overwrite">Whether a file of that name is replaced.</param>
    /// <returns>The path of the file.</returns>
    /// <exception cref="SereException">It cannot be written, or the name is taken.</exception>
    public string Place(bool overwrite)
    {
        Guard(_target, () =>
        {
            using (var stream = new FileStream(Path, FileMode.Open, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                stream.Flush(flushToDisk: true);
            }

            File.Move(Path, _target, overwrite);
        });
        return _target;
    }

    /// <summary>Deletes a file, if it is there.</summary>
    /// <exception cref="SereException">It cannot be deleted.</exception>
    public static void DeleteFile(string path) => Guard(path, () =>
    {
        // Where there is no folder either, there is nothing to delete.
        if (File.Exists(path))
        {
            File.Delete(path);
        }
    });

    private static void Guard(string path, Action work)
    {
        try
        {
            work();
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            throw FileFault.Writing(path, error);
        }
    }
}

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

/// <summary>How a request for the rest of a file ended.</summary>
/// <param name="HadPart">Whether the file has bytes from before the request.</param>
/// <param name="BrokeOff">
/// Why bytes may be missing, to go on after the mirror's address; null where all came that were announced.
/// </param>
internal sealed record TransferResult(bool HadPart, string? BrokeOff);
