using System.IO.Compression;
using System.IO.Hashing;

namespace Sere.Storage;

/// <summary>
/// Arrays by name in a file of NumPy's npz format: a zip archive of npy files. Reading one runs no code and takes memory
/// in proportion to the bytes that are there.
/// </summary>
internal static class NpzFile
{
    private const string Extension = ".npy";

    // Deflate packs at best 258 bytes into two bits.
    private const long MostPacked = 1032;

    // The earliest time that a zip archive can hold: the same arrays give the same bytes at any time.
    private static readonly DateTimeOffset FixedTime = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// Reads all arrays, stored or deflated. Members of the archive whose names do not end in ".npy", or begin with a
    /// dot or with "__MACOSX/", are passed over, unless there are no others.
    /// </summary>
    public static IReadOnlyDictionary<string, NpyArray> Read(string path, Action<IReadOnlyCollection<string>>? onNames = null)
    {
        try
        {
            using FileStream file = OrdinaryFile.OpenRead(path);
            using var archive = new ZipArchive(file, ZipArchiveMode.Read);
            ZipArchiveEntry[] members =
            [
                .. archive.Entries.Where(entry => entry.FullName.EndsWith(Extension, StringComparison.Ordinal)
                    && (entry.Name.Length == Extension.Length || !entry.Name.StartsWith('.'))
                    && !entry.FullName.StartsWith("__MACOSX/", StringComparison.Ordinal)),
            ];
            if (members.Length == 0 && archive.Entries.Count > 0)
            {
                throw Damaged(path, $"none of its {archive.Entries.Count} members is an npy array");
            }

            CheckClaims(path, members, file.Length);
            onNames?.Invoke([.. members.Select(member => member.FullName[..^Extension.Length])]);
            var arrays = new OrderedDictionary<string, NpyArray>(StringComparer.Ordinal);
            foreach (ZipArchiveEntry member in members)
            {
                string name = member.FullName[..^Extension.Length];
                if (!arrays.TryAdd(name, ReadArray(path, name, member)))
                {
                    throw Damaged(path, $"it holds two arrays {QuotedText.Of(name)}");
                }
            }

            return arrays;
        }
        catch (InvalidDataException error)
        {
            throw Damaged(path, "it is no zip archive or a damaged one", error);
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            throw FileFault.Reading(path, error);
        }
    }

    /// <summary>
    /// Writes arrays, whole or not at all, one after the other as they are enumerated. The same arrays give the same
    /// bytes each time; they are stored as they are, not compressed.
    /// </summary>
    public static void Write(string path, IEnumerable<(string Name, NpyArray Array)> arrays)
    {
        AtomicFile.Write(path, stream =>
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            using var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true);
            foreach ((string name, NpyArray array) in arrays)
            {
                if (!names.Add(name))
                {
                    throw new ArgumentException($"The name '{name}' is taken in the npz file.", nameof(arrays));
                }

                ZipArchiveEntry entry = archive.CreateEntry(name + Extension, CompressionLevel.NoCompression);
                entry.LastWriteTime = FixedTime;
                using Stream member = entry.Open();
                NpyFile.Write(member, array);
            }
        });
    }

    /// <summary>
    /// Holds what the members claim against what the file can hold, before anything is unpacked: members that share
    /// their bytes would unpack to far more than one file can.
    /// </summary>
    private static void CheckClaims(string path, ZipArchiveEntry[] members, long fileLength)
    {
        long rest = fileLength;
        foreach (ZipArchiveEntry member in members)
        {
            if (member.IsEncrypted)
            {
                throw Damaged(path, $"its member {QuotedText.Of(member.FullName)} is encrypted");
            }

            if (member.CompressedLength < 0 || member.CompressedLength > rest)
            {
                throw Damaged(
                    path, $"its member {QuotedText.Of(member.FullName)} claims more bytes than the file has for it");
            }

            rest -= member.CompressedLength;
            if (member.Length < 0 || member.Length > MostPacked * member.CompressedLength)
            {
                throw Damaged(
                    path,
                    $"its member {QuotedText.Of(member.FullName)} claims {member.Length} bytes, more than "
                    + $"{member.CompressedLength} can unpack to");
            }
        }
    }

    private static NpyArray ReadArray(string path, string name, ZipArchiveEntry member)
    {
        string subject = $"The array {QuotedText.Of(name)} of the file '{path}'";
        try
        {
            var checksum = new Crc32();
            using Stream stream = member.Open();
            var array = NpyFile.Read(stream, member.Length, subject, checksum);
            return stream.ReadByte() < 0 && checksum.GetCurrentHashAsUInt32() == member.Crc32
                ? array
                : throw NpyFile.Damaged(subject, "its length or checksum is not the one that the archive notes");
        }
        catch (InvalidDataException error)
        {
            throw NpyFile.Damaged(subject, "its packed bytes are damaged or packed by an unknown method", error);
        }
    }

    private static SereException Damaged(string path, string reason, Exception? error = null) =>
        new($"The file '{path}' is not a sound npz archive because {reason}; restore it or write it anew.", error!);
}
