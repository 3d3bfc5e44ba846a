using Sere.Storage;

namespace Sere.Data.Downloads;

/// <summary>
/// Downloads data sets. A file comes into a part beside its place, is verified there, and takes its place in one step:
/// whoever reads finds the right file or none. A download that broke off goes on where it was, also in another process.
/// </summary>
public sealed class DatasetFetcher
{
    private readonly FetchOptions _options;
    private readonly IFetchObserver _observer;

    /// <summary>A fetcher.</summary>
    /// <param name="options">How to download.</param>
    /// <param name="observer">Is told how it goes, or null.</param>
    public DatasetFetcher(FetchOptions options, IFetchObserver? observer = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Attempts, 1);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.StallTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(options.ConnectTimeout, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.RetryDelay, TimeSpan.Zero);
        _options = options;
        _observer = observer ?? new SilentFetchObserver();
    }

    /// <summary>Downloads the files of a data set that are not there yet.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="dataFolder">
    /// The data folder, which is made; see <see cref="DataFolder.Resolve(string?)"/>. The files go to a folder of it that
    /// has the data set's name.
    /// </param>
    /// <param name="cancellation">Ends the download; what has come stays for the next one to go on from.</param>
    /// <returns>The folder of the files, all of which are there and verified.</returns>
    /// <exception cref="SereException">
    /// No mirror serves a file, a file of other content is in the way, another process downloads into the folder, or a file
    /// cannot be written.
    /// </exception>
    public async Task<string> FetchAsync(RemoteDataset dataset, string dataFolder, CancellationToken cancellation = default)
    {
        LocalDataset before = LocalDataset.Inspect(dataset, dataFolder);
        if (!before.IsComplete)
        {
            // All of them before the first byte is downloaded.
            RequireReplaceable(dataset, before.Files);
            using FileStream held = FolderLock.Take(
                before.Folder,
                "fetch.lock",
                error => new SereException(
                    $"Another process is downloading into '{before.Folder}'; wait until it has ended.", error));
            if (dataset.Archive is { } archive)
            {
                // Whoever held the folder until now may have brought the files.
                LocalDataset now = LocalDataset.Inspect(dataset, dataFolder);
                RequireReplaceable(dataset, now.Files);
                await CompleteAsync(now, archive, cancellation);
                return now.Folder;
            }

            Uri[] mirrors = [.. dataset.Mirrors];
            foreach (LocalFile file in before.Files)
            {
                Uri? served = await FetchAsync(dataset, file, before.Folder, mirrors, cancellation);
                // A mirror that just served is the likeliest to serve again.
                mirrors = served is null ? mirrors : [served, .. mirrors.Where(mirror => mirror != served)];
            }
        }
        else
        {
            NotePresent(before);
        }

        return before.Folder;
    }

    private async Task CompleteAsync(LocalDataset now, RemoteArchive archive, CancellationToken cancellation)
    {
        if (now.IsComplete)
        {
            NotePresent(now);
        }
        else
        {
            await new ArchiveFetch(_options, _observer).CompleteAsync(now, archive, cancellation);
        }
    }

    private void NotePresent(LocalDataset local)
    {
        foreach (LocalFile file in local.Files)
        {
            _observer.OnPresent(file.Path!);
        }
    }

    private async Task<Uri?> FetchAsync(
        RemoteDataset dataset, LocalFile before, string folder, Uri[] mirrors, CancellationToken cancellation)
    {
        // Whoever held the folder until now may have brought the file, and a user may have brought another.
        LocalFile now = before.State == LocalFileState.Verified ? before : LocalFile.Inspect(before.Expected, folder);
        if (now.State == LocalFileState.Verified)
        {
            _observer.OnPresent(now.Path!);
            return null;
        }

        RequireReplaceable(dataset, [now]);
        RemoteFile file = now.Expected;
        var part = new PartFile(folder, file.GzipName);
        Uri? served = await new PartDownload(_options, _observer).CompleteAsync(
            part, mirrors, file.LargestGzip, path => ContentCheck.OfGzip(path, file), cancellation);
        string target = part.Place(_options.ReplaceDamaged);
        if (now.Path is { } damaged && !string.Equals(damaged, target, StringComparison.Ordinal))
        {
            // An unpacked file is read before a gzipped one, and it is replaced whatever its form.
            PartFile.DeleteFile(damaged);
        }

        _observer.OnFetched(target);
        return served;
    }

    private void RequireReplaceable(RemoteDataset dataset, IReadOnlyList<LocalFile> files)
    {
        LocalFile? damaged = files.FirstOrDefault(file => file.State == LocalFileState.Damaged);
        if (damaged is not null && !_options.ReplaceDamaged)
        {
            throw new SereException(
                $"'{damaged.Path}' is there, but its content is not that of data set '{dataset.Name}'; move it away, "
                + "or let it be replaced with --force.");
        }
    }
}

/// <summary>How a data set is downloaded.</summary>
public sealed record FetchOptions
{
    /// <summary>Whether files that are there with other content are replaced; else they are refused by name.</summary>
    public bool ReplaceDamaged { get; init; }

    /// <summary>After how long with less than 32 KiB a download counts as broken off.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// After how long without a connection the next mirror's turn comes; shorter than <see cref="StallTimeout"/>, which
    /// else ends the attempt first.
    /// </summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How often a file is asked of one mirror before the next mirror's turn comes; at least 1.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>How long to wait before a mirror is asked again; twice as long before the second time, and so on.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);
}

/// <summary>Is told how a download goes. Calls come one after the other, not always on the same thread.</summary>
public interface IFetchObserver
{
    /// <summary>A file is there already, with the right content.</summary>
    /// <param name="path">Where it is.</param>
    void OnPresent(string path);

    /// <summary>Bytes of a file have come.</summary>
    /// <param name="name">The file's name on the mirror.</param>
    /// <param name="bytes">How many bytes of it are here, those of an earlier download included.</param>
    /// <param name="of">How many bytes it has, or null where the mirror does not say.</param>
    void OnProgress(string name, long bytes, long? of);

    /// <summary>A file has come whole, is verified and in its place.</summary>
    /// <param name="path">Where it is.</param>
    void OnFetched(string path);

    /// <summary>Something went wrong that is tried again, or at another mirror.</summary>
    /// <param name="sentence">One sentence about it.</param>
    void OnWarning(string sentence);
}

/// <summary>Tells nobody how a download goes.</summary>
internal sealed class SilentFetchObserver : IFetchObserver
{
    public void OnPresent(string path)
    {
    }

    public void OnProgress(string name, long bytes, long? of)
    {
    }

    public void OnFetched(string path)
    {
    }

    public void OnWarning(string sentence)
    {
    }
}
