using Sere.Storage;

namespace Sere.Data.Downloads;

/// <summary>
/// Downloads an archive and unpacks it: all files come into parts beside their places and are verified before the first
/// takes its place. The archive goes once they are there.
/// </summary>
internal sealed class ArchiveFetch
{
    private readonly FetchOptions _options;
    private readonly IFetchObserver _observer;

    public ArchiveFetch(FetchOptions options, IFetchObserver observer)
    {
        _options = options;
        _observer = observer;
    }

    /// <summary>Brings the files of a data set that are not there yet.</summary>
    /// <param name="local">What is there; nobody else changes it.</param>
    /// <param name="archive">The archive of its files.</param>
    /// <param name="cancellation">Ends the download; what has come stays.</param>
    /// <exception cref="SereException">No mirror serves the archive, or a file cannot be written.</exception>
    public async Task CompleteAsync(LocalDataset local, RemoteArchive archive, CancellationToken cancellation)
    {
        foreach (LocalFile file in local.Files.Where(file => file.State == LocalFileState.Verified))
        {
            _observer.OnPresent(file.Path!);
        }

        IReadOnlyList<RemoteFile> files = local.Dataset.Files;
        var part = new PartFile(local.Folder, archive.Name);
        await new PartDownload(_options, _observer).CompleteAsync(
            part,
            local.Dataset.Mirrors,
            RemoteArchive.LargestPacked(files),
            path => ArchiveContent.Read(path, files),
            cancellation);
        Unpack(part.Path, local);
        part.Delete();
    }

    private void Unpack(string archive, LocalDataset local)
    {
        LocalFile[] wanted = [.. local.Files.Where(file => file.State != LocalFileState.Verified)];
        PartFile[] parts = [.. wanted.Select(file => new PartFile(local.Folder, file.Expected.Name))];
        try
        {
            Write(archive, local, wanted, parts);
            for (int i = 0; i < wanted.Length; i++)
            {
                string target = parts[i].Place(_options.ReplaceDamaged);
                if (wanted[i] is { State: LocalFileState.Damaged, Path: { } damaged }
                    && !string.Equals(damaged, target, StringComparison.Ordinal))
                {
                    PartFile.DeleteFile(damaged);
                }

                _observer.OnFetched(target);
            }
        }
        finally
        {
            foreach (PartFile part in parts)
            {
                part.Delete();
            }
        }
    }

    private static void Write(string archive, LocalDataset local, LocalFile[] wanted, PartFile[] parts)
    {
        var streams = new Dictionary<string, FileStream>(StringComparer.Ordinal);
        try
        {
            for (int i = 0; i < wanted.Length; i++)
            {
                streams.Add(wanted[i].Expected.Name, parts[i].Open(0));
            }

            ContentState state = ArchiveContent.Read(archive, local.Dataset.Files, (file, buffer, count) =>
            {
                if (streams.TryGetValue(file.Name, out FileStream? stream))
                {
                    Write(stream, buffer.AsSpan(0, count));
                }
            });
            if (state != ContentState.Whole)
            {
                throw new SereException($"'{archive}' was changed while it was unpacked; run the same command again.");
            }
        }
        finally
        {
            foreach (FileStream stream in streams.Values)
            {
                stream.Dispose();
            }
        }
    }

    // By itself, so that a full disk is not taken for a fault of the archive.
    private static void Write(FileStream stream, ReadOnlySpan<byte> bytes)
    {
        try
        {
            stream.Write(bytes);
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            throw FileFault.Writing(stream.Name, error);
        }
    }
}
