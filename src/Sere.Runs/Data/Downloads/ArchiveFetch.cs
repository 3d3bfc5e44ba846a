using System.IO.Compression;
using System.Text;
using Sere.Storage;

namespace Sere.Data.Downloads;

/// <summary>
/// Downloads an archive and unpacks it: all files come into parts beside their places and are verified before the first
/// takes its place. The archive goes once they are there.
/// </summary>
internal sealed class ArchiveFetch(FetchOptions options, IFetchObserver observer)
{
    /// <summary>Brings the files of a data set that are not there yet.</summary>
    /// <exception cref="SereException">No mirror serves the archive, or a file cannot be written.</exception>
    public async Task CompleteAsync(LocalDataset local, RemoteArchive archive, CancellationToken cancellation)
    {
        foreach (LocalFile file in local.Files.Where(file => file.State == LocalFileState.Verified))
        {
            observer.OnPresent(file.Path!);
        }

        IReadOnlyList<RemoteFile> files = local.Dataset.Files;
        var part = new PartFile(local.Folder, archive.Name);
        await new PartDownload(options, observer).CompleteAsync(
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
            Write(archive, local, parts);
            foreach (var (file, part) in wanted.Zip(parts))
            {
                observer.OnFetched(file.Replace(part, options.ReplaceDamaged));
            }
        }
        finally
        {
            Array.ForEach(parts, part => part.Delete());
        }
    }

    private static void Write(string archive, LocalDataset local, PartFile[] parts)
    {
        var streams = new Dictionary<string, FileStream>(StringComparer.Ordinal);
        try
        {
            foreach (PartFile part in parts)
            {
                streams.Add(part.Name, part.Open(0));
            }

            ContentState state = ArchiveContent.Read(archive, local.Dataset.Files, (file, content) =>
            {
                if (streams.TryGetValue(file.Name, out FileStream? stream))
                {
                    // By itself, so that a full disk is not taken for a fault of the archive.
                    FileFault.Writing(stream.Name, () => stream.Write(content.Span));
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
}

/// <summary>
/// Goes through a gzipped tar archive for the files of a data set. Nothing that the archive says decides where or how much
/// is written: a file is known by its name and has to have its size and digest; links and paths out of the folder make
/// the archive a wrong one; all of it is unpacked no further than its files can be long. System.Formats.Tar believes the
/// size of what describes an entry, and takes that much memory.
/// </summary>
internal static class ArchiveContent
{
    // Contents are padded to whole headers.
    private const int HeaderLength = 512;

    /// <summary>What a downloaded archive is; it is whole once it has all files, whatever follows.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="files">The files that it should have.</param>
    /// <param name="onContent">Is given the content of the files piece by piece.</param>
    /// <exception cref="SereException">It cannot be read.</exception>
    public static ContentState Read(
        string path, IReadOnlyList<RemoteFile> files, Action<RemoteFile, ReadOnlyMemory<byte>>? onContent = null) =>
        FileFault.Reading(path, () =>
        {
            try
            {
                using FileStream stream = OrdinaryFile.OpenRead(path);
                using var unzipped = new GZipStream(stream, CompressionMode.Decompress);
                return Read(unzipped, files, onContent ?? ((_, _) => { }));
            }
            catch (InvalidDataException)
            {
                return ContentState.Wrong;
            }
        });

    private static ContentState Read(
        Stream archive, IReadOnlyList<RemoteFile> files, Action<RemoteFile, ReadOnlyMemory<byte>> onContent)
    {
        long left = RemoteArchive.LargestUnpacked(files);
        var found = new HashSet<RemoteFile>();
        byte[] header = new byte[HeaderLength];
        while (found.Count < files.Count)
        {
            if (archive.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length)
            {
                return ContentState.Truncated;
            }

            string path = Encoding.Latin1.GetString(header, 0, 100).Split('\0')[0];
            char kind = (char)header[156];
            long size = kind == '5' ? 0 : Octal(header.AsSpan(124, 12));
            long padded = (size + HeaderLength - 1) / HeaderLength * HeaderLength;
            left -= HeaderLength + padded;

            // Ordinary files, folders, and what describes an entry in the two common dialects: no links, no devices. A header
            // of zeros, which has no path, ends an archive before all files were there.
            if (left < 0 || size < 0 || !IsInside(path) || kind is not ('0' or '\0' or '5' or 'x' or 'g' or 'L' or 'K'))
            {
                return ContentState.Wrong;
            }

            RemoteFile? file = kind is '0' or '\0'
                ? files.FirstOrDefault(file => string.Equals(file.Name, path.Split('/')[^1], StringComparison.Ordinal))
                : null;
            if (file is not null)
            {
                if (size != file.Size || !found.Add(file))
                {
                    return ContentState.Wrong;
                }

                using var digest = file.StartDigest();
                if (!Pass(archive, size, content =>
                    {
                        digest.AppendData(content.Span);
                        onContent(file, content);
                    }))
                {
                    return ContentState.Truncated;
                }

                if (!file.Matches(digest))
                {
                    return ContentState.Wrong;
                }

                // Where the archive ends within the padding, the next header is missing or there is none to come.
                padded -= size;
            }

            if (!Pass(archive, padded, _ => { }) && file is null)
            {
                return ContentState.Truncated;
            }
        }

        return ContentState.Whole;
    }

    private static bool IsInside(string path) =>
        path.Length > 0 && path[0] != '/' && !path.Contains('\\') && !path.Contains(':') && !path.Split('/').Contains("..");

    /// <summary>Reads so many bytes; false where the archive ends before.</summary>
    private static bool Pass(Stream archive, long length, Action<ReadOnlyMemory<byte>> take)
    {
        byte[] buffer = new byte[Math.Min(1 << 16, length)];
        while (length > 0)
        {
            int read = archive.Read(buffer, 0, (int)Math.Min(buffer.Length, length));
            if (read == 0)
            {
                return false;
            }

            take(buffer.AsMemory(0, read));
            length -= read;
        }

        return true;
    }

    /// <summary>An octal number between spaces and zero bytes; -1 for what is none.</summary>
    private static long Octal(ReadOnlySpan<byte> field)
    {
        field = field.Trim(" \0"u8);
        long number = field.IsEmpty ? -1 : 0;
        foreach (byte digit in field)
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                return -1;
            }

            number = (number * 8) + (digit - '0');
        }

        return number;
    }
}
