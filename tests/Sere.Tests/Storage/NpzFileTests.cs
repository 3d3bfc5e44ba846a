using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using Sere.Storage;
using Xunit;

namespace Sere.Tests.Storage;

public sealed class NpzFileTests : FolderTests
{
    private const uint LocalMark = 0x04034b50;
    private const uint CentralMark = 0x02014b50;
    private string FilePath => _folder.File("arrays.npz");

    [Fact]
    public void Arrays_come_back_by_name_in_their_order()
    {
        NpzFile.Write(
            FilePath,
            [
                ("z", new NpyArray([1f, float.NaN], 2, 1)),
                ("layers/0/é", new NpyArray([7, 8, 9], 3)),
                ("", new NpyArray(new byte[] { 5 })),
                ("empty", new NpyArray(Array.Empty<float>(), 0, 4)),
            ]);
        IReadOnlyDictionary<string, NpyArray> read = NpzFile.Read(FilePath);
        Assert.Equal(["z", "layers/0/é", "", "empty"], read.Keys.ToArray());
        Assert.Equal([1f, float.NaN], read["z"].ToSingles());
        Assert.Equal([2, 1], read["z"].Shape);
        Assert.Equal([7, 8, 9], read["layers/0/é"].ToBytes());
        Assert.Equal([5], read[""].ToBytes());
        Assert.Equal([0, 4], read["empty"].Shape);
    }

    [Fact]
    public void The_same_arrays_give_the_same_bytes_which_are_stored_as_they_are()
    {
        (string, NpyArray)[] arrays = [("a", new NpyArray([1f, 2f], 2)), ("b", new NpyArray(new byte[300], 300))];
        NpzFile.Write(FilePath, arrays);
        byte[] first = File.ReadAllBytes(FilePath);
        // A clock that a zip archive keeps runs in steps of two seconds: the time noted is checked instead.
        using (var archive = new ZipArchive(new MemoryStream(first)))
        {
            Assert.All(archive.Entries, entry => Assert.Equal(new DateTime(1980, 1, 1), entry.LastWriteTime.DateTime));
            Assert.All(archive.Entries, entry => Assert.Equal(entry.Length, entry.CompressedLength));
        }

        NpzFile.Write(FilePath, arrays);
        Assert.Equal(first, File.ReadAllBytes(FilePath));
    }

    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.SmallestSize)]
    public void Stored_and_deflated_arrays_are_read(CompressionLevel level)
    {
        byte[] data = [.. Enumerable.Range(0, 400_000).Select(value => (byte)(value / 7))];
        byte[] file = Zip([("a.npy", NpyBytes.Array("<i2", "(200, 1000)", data)), ("b.npy", Small)], level);
        IReadOnlyDictionary<string, NpyArray> read = Read(file);
        Assert.Equal(["a", "b"], read.Keys.ToArray());
        Assert.Equal(data, read["a"].Data.ToArray());
    }

    [Fact]
    public void Members_of_other_names_are_passed_over()
    {
        byte[] file = Zip([("README.txt", [1, 2]), ("folder/", []), ("a.npy", Small), ("b.NPY", Small)]);
        Assert.Equal(["a"], Read(file).Keys.ToArray());
    }

    [Fact]
    public void An_archive_without_members_has_no_arrays_and_one_of_other_members_is_refused()
    {
        NpzFile.Write(FilePath, []);
        Assert.Empty(NpzFile.Read(FilePath));
        AssertRefused(Zip([("word/document.xml", Small)]), "none of its 1 members is an npy array");
    }

    [Fact]
    public void Two_arrays_of_one_name_are_refused() =>
        AssertRefused(Zip([("a.npy", Small), ("a.npy", Small)]), "two arrays 'a'");

    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Optimal)]
    public void Every_truncation_is_refused_by_name(CompressionLevel level)
    {
        byte[] sound = Zip([("a.npy", Small), ("b.npy", Small)], level);
        Assert.Equal(2, Read(sound).Count);
        for (int length = 0; length < sound.Length; length++)
        {
            AssertRefused(sound[..length]);
        }
    }

    [Fact]
    public void A_file_of_another_kind_is_refused() =>
        AssertRefused(NpyBytes.Array("|u1", "(1,)", [1]), "no zip archive or a damaged one");

    [Fact]
    public void A_damaged_array_is_named_with_its_file()
    {
        AssertRefused(
            Zip([("a.npy", Small), ("w.npy", NpyBytes.Array("<f4", "(3,)", new byte[11]))]),
            $"The array 'w' of the file '{FilePath}' is not a sound npy array because it has 11 bytes of data");
        AssertRefused(
            Zip([("w.npy", NpyBytes.Array("|O", "(1,)", [.. "cos\nsystem\n(S'true'\ntR."u8]))]),
            "The array 'w' of the file", "code that came with the file");
    }

    [Fact]
    public void A_changed_byte_of_the_data_is_noticed()
    {
        byte[] file = Zip([("a.npy", Small)], CompressionLevel.NoCompression);
        int place = file.AsSpan().IndexOf((byte)0x93) + Small.Length - 1;
        file[place] ^= 1;
        AssertRefused(file, "The array 'a' of the file", "length or checksum");
    }

    [Fact]
    public void A_byte_behind_the_data_that_the_archive_does_not_count_is_noticed()
    {
        byte[] file = Zip([("a.npy", [.. Small, 0])], CompressionLevel.NoCompression);
        int central = file.AsSpan().LastIndexOf(BitConverter.GetBytes(CentralMark));
        Crc32.Hash(Small).CopyTo(file, central + 16);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(central + 24), Small.Length);
        AssertRefused(file, "The array 'a' of the file", "length or checksum");
    }

    [Theory]
    [InlineData(0x0001, 0, "encrypted")]
    [InlineData(0, 12, "unknown method")]
    [InlineData(0, 93, "unknown method")]
    public void Encryption_and_unknown_methods_are_refused(int flags, ushort method, string fault)
    {
        byte[] file = Zip([("a.npy", Small)]);
        Patch(file, LocalMark, at: 6, (ushort)flags);
        Patch(file, CentralMark, at: 8, (ushort)flags);
        if (method != 0)
        {
            Patch(file, LocalMark, at: 8, method);
            Patch(file, CentralMark, at: 10, method);
        }

        AssertRefused(file, "a", fault);
    }

    [Fact]
    public void A_claim_beyond_what_the_packed_bytes_can_hold_is_refused_without_the_memory()
    {
        byte[] file = Zip([("a.npy", Small)]);
        Patch(file, CentralMark, at: 26, 0x7000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        AssertRefused(file, "'a.npy' claims 1879048", "can unpack to");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 18);
    }

    [Fact]
    public void A_claim_that_the_packed_bytes_could_hold_but_do_not_takes_no_memory()
    {
        // Bytes that cannot be packed, so that the archive seems able to hold a thousand times as much.
        byte[] noise = new byte[100_000];
        new Random(1).NextBytes(noise);
        byte[] file = Zip([("a.npy", NpyBytes.Array("|u1", "(90000000,)", noise))]);
        int length = NpyBytes.Array("|u1", "(90000000,)", []).Length + 90_000_000;
        int central = file.AsSpan().LastIndexOf(BitConverter.GetBytes(CentralMark));
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(central + 24), length);
        long before = GC.GetAllocatedBytesForCurrentThread();
        AssertRefused(file, "The array 'a' of the file");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void Members_that_share_their_bytes_are_refused()
    {
        // Such archives unpack to far more than one file of their length could hold.
        byte[] zeros = NpyBytes.Array("|u1", "(100000,)", new byte[100_000]);
        byte[] file = Zip([("a.npy", zeros), ("b.npy", zeros), ("c.npy", zeros)], CompressionLevel.NoCompression);
        int first = file.AsSpan().IndexOf(BitConverter.GetBytes(CentralMark));
        Assert.Equal(3, Read(file).Count);
        // The central directory alone, all of it pointing to the first member.
        byte[] shared = [.. file[..(first / 3)], .. file[first..]];
        AssertRefused(Redirect(shared, first / 3), "claims more bytes than the file has for it");
    }

    [Fact]
    public void Writing_stops_at_a_name_that_is_taken_and_leaves_no_file()
    {
        var array = new NpyArray([1f], 1);
        Assert.Throws<ArgumentException>(() => NpzFile.Write(FilePath, [("a", array), ("a", array)]));
        Assert.Throws<FormatException>(() => NpzFile.Write(FilePath, Failing()));
        Assert.Empty(_folder.FileNames());

        IEnumerable<(string, NpyArray)> Failing()
        {
            yield return ("a", array);
            throw new FormatException();
        }
    }

    [Fact]
    public void A_missing_file_is_named() =>
        Assert.Contains(
            $"'{FilePath}' cannot be read because it does not exist",
            Assert.Throws<SereException>(() => NpzFile.Read(FilePath)).Message,
            StringComparison.Ordinal);

    private static byte[] Small => NpyBytes.Array("<i2", "(3,)", [1, 0, 2, 0, 3, 0]);

    private static byte[] Zip((string Name, byte[] Content)[] members, CompressionLevel level = CompressionLevel.Optimal)
    {
        using var file = new MemoryStream();
        using (var archive = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach ((string name, byte[] content) in members)
            {
                ZipArchiveEntry entry = archive.CreateEntry(name, level);
                entry.LastWriteTime = new DateTimeOffset(2001, 2, 3, 4, 5, 6, TimeSpan.Zero);
                using Stream stream = entry.Open();
                stream.Write(content);
            }
        }

        return file.ToArray();
    }

    private static void Patch(byte[] file, uint mark, int at, ushort value)
    {
        int start = file.AsSpan().IndexOf(BitConverter.GetBytes(mark));
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(start + at), value);
    }

    private static byte[] Redirect(byte[] file, int directory)
    {
        int end = file.AsSpan().LastIndexOf("PK\u0005\u0006"u8);
        BinaryPrimitives.WriteInt32LittleEndian(file.AsSpan(end + 16), directory);
        for (int i = directory; i < end; i++)
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(i)) == CentralMark)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(i + 42), 0);
            }
        }

        return file;
    }

    private IReadOnlyDictionary<string, NpyArray> Read(byte[] content)
    {
        File.WriteAllBytes(FilePath, content);
        return NpzFile.Read(FilePath);
    }

    private void AssertRefused(byte[] content, params string[] parts)
    {
        string message = Assert.Throws<SereException>(() => Read(content)).Message;
        Assert.Contains($"he file '{FilePath}' ", message, StringComparison.Ordinal);
        Assert.EndsWith(".", message, StringComparison.Ordinal);
        Assert.DoesNotContain(message, char.IsControl);
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }
}
