using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
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

/// <summary>
/// Goes through a gzipped tar archive for the files of a data set. Nothing that the archive says decides where or how much
/// is written: a file is known by its name and has to have its size and digest; links and paths out of the folder make
/// the archive a wrong one; all of it is unpacked no further than its files can be long.
/// </summary>
internal sealed class ArchiveContent
{
    private const int BufferLength = 1 << 16;
    private readonly IReadOnlyList<RemoteFile> _files;
    private readonly Action<RemoteFile, byte[], int>? _onContent;
    private readonly byte[] _buffer = new byte[BufferLength];
    private long _left;

    private ArchiveContent(IReadOnlyList<RemoteFile> files, Action<RemoteFile, byte[], int>? onContent)
    {
        _files = files;
        _onContent = onContent;
        _left = RemoteArchive.LargestUnpacked(files);
    }

    /// <summary>What a downloaded archive is; it is whole once it has all files, whatever follows.</summary>
    /// <param name="path">The archive.</param>
    /// <param name="files">The files that it should have.</param>
    /// <param name="onContent">Is given the content of the files, a number of bytes of a buffer at a time.</param>
    /// <exception cref="SereException">It cannot be read.</exception>
    public static ContentState Read(
        string path, IReadOnlyList<RemoteFile> files, Action<RemoteFile, byte[], int>? onContent = null)
    {
        try
        {
            using FileStream stream = OrdinaryFile.OpenRead(path);
            using var unzipped = new GZipStream(stream, CompressionMode.Decompress);
            return new ArchiveContent(files, onContent).Read(unzipped);
        }
        catch (InvalidDataException)
        {
            return ContentState.Wrong;
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            throw FileFault.Reading(path, error);
        }
    }

    private ContentState Read(Stream archive)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        byte[] header = new byte[TarEntry.HeaderLength];
        while (found.Count < _files.Count)
        {
            if (archive.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length)
            {
                return ContentState.Truncated;
            }

            // A header of zeros ends an archive, before all files were there.
            TarEntry? entry = header.AsSpan().ContainsAnyExcept((byte)0) ? TarEntry.Parse(header) : null;
            _left -= header.Length + (entry?.Padding ?? 0);
            if (entry is null || entry.Size > _left || _left < 0)
            {
                return ContentState.Wrong;
            }

            _left -= entry.Size;
            RemoteFile? file = entry.IsFile
                ? _files.FirstOrDefault(file => string.Equals(file.Name, entry.FileName, StringComparison.Ordinal))
                : null;
            ContentState state = file is null ? Skip(archive, entry.Size)
                : entry.Size == file.Size && found.Add(file.Name) ? ReadFile(archive, file)
                : ContentState.Wrong;
            if (state != ContentState.Whole)
            {
                return state;
            }

            // Where the archive ends here, the next header is missing or there is none to come.
            Skip(archive, entry.Padding);
        }

        return ContentState.Whole;
    }

    private ContentState ReadFile(Stream archive, RemoteFile file)
    {
        using IncrementalHash digest = file.StartDigest();
        ContentState state = Pass(archive, file.Size, count =>
        {
            digest.AppendData(_buffer, 0, count);
            _onContent?.Invoke(file, _buffer, count);
        });
        return state != ContentState.Whole ? state : file.Matches(digest) ? ContentState.Whole : ContentState.Wrong;
    }

    private ContentState Skip(Stream archive, long length) => Pass(archive, length, _ => { });

    private ContentState Pass(Stream archive, long length, Action<int> take)
    {
        while (length > 0)
        {
            int read = archive.Read(_buffer, 0, (int)Math.Min(_buffer.Length, length));
            if (read == 0)
            {
                return ContentState.Truncated;
            }

            take(read);
            length -= read;
        }

        return ContentState.Whole;
    }
}

/// <summary>The header of an entry of a tar archive.</summary>
/// <param name="Path">Its path in the archive.</param>
/// <param name="Size">Bytes that follow, without their padding.</param>
/// <param name="IsFile">Whether it is an ordinary file; else a folder or what describes the next entry.</param>
internal sealed record TarEntry(string Path, long Size, bool IsFile)
{
    /// <summary>Bytes of a header; contents are padded to whole headers.</summary>
    public const int HeaderLength = 512;

    /// <summary>Bytes behind the content.</summary>
    public int Padding => (int)((HeaderLength - (Size % HeaderLength)) % HeaderLength);

    /// <summary>The last part of the path.</summary>
    public string FileName => Path[(Path.LastIndexOf('/') + 1)..];

    /// <summary>
    /// Reads a header; null where it is none, or where its entry has no place in an archive of files: links, devices and
    /// pipes, and paths that lead out of the folder.
    /// </summary>
    public static TarEntry? Parse(ReadOnlySpan<byte> header)
    {
        if (Number(header[148..156]) != Checksum(header) || Number(header[124..136]) is not { } size)
        {
            return null;
        }

        string path = Text(header[..100]);
        if (header[257..262].SequenceEqual("ustar"u8) && header[262] == 0 && Text(header[345..500]) is { Length: > 0 } folder)
        {
            path = $"{folder}/{path}";
        }

        // Ordinary files, folders, and the descriptions of the two common dialects.
        char kind = (char)header[156];
        return kind is '0' or '\0' or '5' or 'x' or 'g' or 'L' or 'K' && IsInside(path)
            ? new TarEntry(path, kind == '5' ? 0 : size, kind is '0' or '\0')
            : null;
    }

    private static bool IsInside(string path) =>
        path.Length > 0 && path[0] != '/' && !path.Contains('\\') && !path.Contains(':') && !path.Split('/').Contains("..");

    private static long Checksum(ReadOnlySpan<byte> header)
    {
        // As if the field of the checksum held spaces.
        long sum = 8 * ' ';
        for (int i = 0; i < header.Length; i++)
        {
            sum += i is >= 148 and < 156 ? 0 : header[i];
        }

        return sum;
    }

    private static string Text(ReadOnlySpan<byte> field)
    {
        int end = field.IndexOf((byte)0);
        return Encoding.Latin1.GetString(end < 0 ? field : field[..end]);
    }

    /// <summary>An octal number between spaces and zero bytes.</summary>
    private static long? Number(ReadOnlySpan<byte> field)
    {
        field = field.Trim(" \0"u8);
        long number = 0;
        foreach (byte digit in field)
        {
            if (digit is < (byte)'0' or > (byte)'7')
            {
                return null;
            }

            number = (number * 8) + (digit - '0');
        }

        return field.IsEmpty ? null : number;
    }
}
