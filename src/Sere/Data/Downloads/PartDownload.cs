using System.Diagnostics;
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
