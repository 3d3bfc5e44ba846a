using Sere.Storage;

namespace Sere.Data.Downloads;

/// <summary>
/// Downloads data sets. A file comes into a part beside its place, is verified there, and takes its place in one step:
/// whoever reads finds the right file or none. A download that broke off goes on where it was, also in another process.
/// </summary>
internal sealed class DatasetFetcher(FetchOptions options, IFetchObserver observer)
{
    /// <summary>Downloads the files of a data set that are not there yet.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="dataFolder">The data folder, which is made; the files go to a folder of it that has the data set's name.</param>
    /// <param name="cancellation">Ends the download; what has come stays for the next one to go on from.</param>
    /// <returns>The folder of the files, all of which are there and verified.</returns>
    /// <exception cref="SereException">
    /// No mirror serves a file, a file of other content is in the way, another process downloads into the folder, or a file
    /// cannot be written.
    /// </exception>
    public async Task<string> FetchAsync(RemoteDataset dataset, string dataFolder, CancellationToken cancellation = default)
    {
        LocalDataset local = LocalDataset.Inspect(dataset, dataFolder);
        if (local.IsComplete)
        {
            NotePresent(local);
            return local.Folder;
        }

        // All of them before the first byte is downloaded.
        RequireReplaceable(dataset, local.Files);
        using FileStream held = FolderLock.Take(
            local.Folder,
            "fetch.lock",
            error => new SereException($"Another process is downloading into '{local.Folder}'; wait until it has ended.", error));
        if (dataset.Archive is { } archive)
        {
            // Whoever held the folder until now may have brought the files.
            local = LocalDataset.Inspect(dataset, dataFolder);
            RequireReplaceable(dataset, local.Files);
            if (local.IsComplete)
            {
                NotePresent(local);
                return local.Folder;
            }

            await new ArchiveFetch(options, observer).CompleteAsync(local, archive, cancellation);
            return local.Folder;
        }

        Uri[] mirrors = [.. dataset.Mirrors];
        foreach (LocalFile file in local.Files)
        {
            Uri? served = await FetchAsync(dataset, file, local.Folder, mirrors, cancellation);
            // A mirror that just served is the likeliest to serve again.
            mirrors = served is null ? mirrors : [served, .. mirrors.Where(mirror => mirror != served)];
        }

        return local.Folder;
    }

    private void NotePresent(LocalDataset local)
    {
        foreach (LocalFile file in local.Files)
        {
            observer.OnPresent(file.Path!);
        }
    }

    private async Task<Uri?> FetchAsync(
        RemoteDataset dataset, LocalFile before, string folder, Uri[] mirrors, CancellationToken cancellation)
    {
        // Whoever held the folder until now may have brought the file, and a user may have brought another.
        LocalFile now = before.State == LocalFileState.Verified ? before : LocalFile.Inspect(before.Expected, folder);
        if (now.State == LocalFileState.Verified)
        {
            observer.OnPresent(now.Path!);
            return null;
        }

        RequireReplaceable(dataset, [now]);
        RemoteFile file = now.Expected;
        var part = new PartFile(folder, file.GzipName);
        Uri? served = await new PartDownload(options, observer).CompleteAsync(
            part, mirrors, file.LargestGzip, path => ContentCheck.OfGzip(path, file), cancellation);
        observer.OnFetched(now.Replace(part, options.ReplaceDamaged));
        return served;
    }

    private void RequireReplaceable(RemoteDataset dataset, IReadOnlyList<LocalFile> files)
    {
        LocalFile? damaged = files.FirstOrDefault(file => file.State == LocalFileState.Damaged);
        if (damaged is not null && !options.ReplaceDamaged)
        {
            throw new SereException(
                $"'{damaged.Path}' is there, but its content is not that of data set '{dataset.Name}'; move it away, "
                + "or let it be replaced with --force.");
        }
    }
}

/// <summary>How a data set is downloaded.</summary>
internal sealed record FetchOptions
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
internal interface IFetchObserver
{
    void OnPresent(string path);

    void OnProgress(string name, long bytes, long? of);

    /// <summary>A file has come whole, is verified and in its place.</summary>
    void OnFetched(string path);

    void OnWarning(string sentence);
}
