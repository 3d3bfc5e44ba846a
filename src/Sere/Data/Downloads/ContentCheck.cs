using System.IO.Compression;
using System.Security.Cryptography;
using Sere.Storage;

namespace Sere.Data.Downloads;

/// <summary>
/// Compares files with what they should be. A file is streamed, and unpacked no further than one byte past the size that
/// it should have, so that a small file that unpacks to a huge one costs nothing.
/// </summary>
internal static class ContentCheck
{
    private const int BufferLength = 1 << 16;

    /// <summary>Whether a file that is never gzipped has the right content.</summary>
    /// <exception cref="SereException">It cannot be read.</exception>
    public static bool IsWholePlain(string path, RemoteFile file) =>
        Read(path, stream => OfPlain(stream, file)) == ContentState.Whole;

    /// <summary>Whether a file, as it is or gzipped (told by content, as its reader does), has the right content.</summary>
    /// <exception cref="SereException">It cannot be read.</exception>
    public static bool IsWhole(string path, RemoteFile file) =>
        Read(path, stream => FileKinds.Of(stream) == FileKind.Gzip ? OfGzip(stream, file) : OfPlain(stream, file)) == ContentState.Whole;

    /// <summary>What a gzip file that was downloaded is.</summary>
    /// <exception cref="SereException">It cannot be read.</exception>
    public static ContentState OfGzip(string path, RemoteFile file) => Read(path, stream => OfGzip(stream, file));

    private static ContentState Read(string path, Func<FileStream, ContentState> read)
    {
        try
        {
            if (!OrdinaryFile.HasContent(path))
            {
                return ContentState.Wrong;
            }

            using FileStream stream = OrdinaryFile.OpenRead(path);
            return read(stream);
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            throw FileFault.Reading(path, error);
        }
    }

    private static ContentState OfPlain(FileStream stream, RemoteFile file)
    {
        if (stream.Length != file.Size)
        {
            return ContentState.Wrong;
        }

        using IncrementalHash digest = file.StartDigest();
        byte[] buffer = new byte[BufferLength];
        for (int read = stream.Read(buffer); read > 0; read = stream.Read(buffer))
        {
            digest.AppendData(buffer, 0, read);
        }

        return file.Matches(digest) ? ContentState.Whole : ContentState.Wrong;
    }

    internal static ContentState OfGzip(Stream stream, RemoteFile file)
    {
        if (stream.Length > file.LargestGzip)
        {
            return ContentState.Wrong;
        }

        using var hash = file.StartDigest();
        var trailer = new GzipTrailer(stream, file.Size);
        long length = 0;
        try
        {
            using var unzipped = new GZipStream(stream, CompressionMode.Decompress, leaveOpen: true);
            byte[] buffer = new byte[BufferLength];
            int read;
            do
            {
                // One byte too many shows that there are more, and then nothing is asked for.
                read = unzipped.Read(buffer, 0, (int)Math.Min(buffer.Length, file.Size + 1 - length));
                hash.AppendData(buffer, 0, read);
                trailer.Append(buffer.AsSpan(0, read));
                length += read;
            }
            while (read > 0);
        }
        catch (InvalidDataException)
        {
            return ContentState.Wrong;
        }

        return Judge(
            isWhole: length == file.Size && file.Matches(hash),
            mayBecomeWhole: length < file.Size,
            endsWithTrailer: trailer.Ends());
    }

    // Right content without its trailer is a file whose last bytes are missing, or one with bytes behind it: to go on is
    // right for the first and comes to nothing for the second.
    private static ContentState Judge(bool isWhole, bool mayBecomeWhole, bool endsWithTrailer) =>
        isWhole ? endsWithTrailer ? ContentState.Whole : ContentState.Truncated
        : mayBecomeWhole && !endsWithTrailer ? ContentState.Truncated
        : ContentState.Wrong;
}
