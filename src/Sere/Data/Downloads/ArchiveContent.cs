using System.IO.Compression;
using System.Security.Cryptography;
using Sere.Storage;

namespace Sere.Data.Downloads;

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
