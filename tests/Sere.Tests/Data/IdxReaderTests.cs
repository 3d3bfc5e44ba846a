using Sere.Data;
using Xunit;

namespace Sere.Tests.Data;

public sealed class IdxReaderTests : FolderTests
{
    private const long FewBytes = 1 << 20;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Images_come_back_as_they_were_written(bool zipped)
    {
        byte[] pixels = IdxFile.Counting(3 * 4 * 5);
        ImageSet images = IdxReader.ReadImages(Write(IdxFile.Build([3, 4, 5], pixels), zipped));
        Assert.Equal(new ImageShape(1, 4, 5), images.Shape);
        Assert.Equal(3, images.Count);
        Assert.Equal(pixels, images.Pixels);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Content_larger_than_the_first_buffer_comes_back_whole(bool zipped)
    {
        byte[] pixels = IdxFile.Counting(300 * 28 * 28);
        Assert.Equal(pixels, IdxReader.ReadImages(Write(IdxFile.Build([300, 28, 28], pixels), zipped)).Pixels);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Labels_come_back_as_they_were_written(bool zipped)
    {
        byte[] labels = [3, 1, 4, 1, 5];
        Assert.Equal(labels, IdxReader.ReadLabels(Write(IdxFile.Build([5], labels), zipped)));
    }

    [Fact]
    public void A_missing_file_is_refused_by_name() =>
        AssertRefused(_folder.File("absent-idx3-ubyte"), "does not exist");

    [Fact]
    public void A_folder_is_refused_by_name() => AssertRefused(_folder.Path, "it is a folder");

    [Fact]
    public void An_empty_file_is_refused_by_name()
    {
        AssertRefused(Write([]), "is empty");
        byte[] nothingZipped = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        AssertRefused(Write(nothingZipped), "does not start with an IDX header");
    }

    [Fact]
    public void A_device_without_an_end_is_refused()
    {
        Assert.SkipUnless(File.Exists("/dev/zero"), "There is no such device.");
        AssertRefused("/dev/zero", "a device");
    }

    [Fact]
    public void A_file_of_another_kind_is_refused() =>
        AssertRefused(Write("not an idx file"u8.ToArray()), "not an IDX file");

    [Theory]
    [InlineData(0x09)]
    [InlineData(0x0B)]
    [InlineData(0x0C)]
    [InlineData(0x0D)]
    [InlineData(0x0E)]
    [InlineData(0x00)]
    public void Values_other_than_unsigned_bytes_are_refused(byte type) =>
        AssertRefused(Write(IdxFile.Build([1, 2, 2], new byte[4], type)), "only unsigned bytes");

    [Fact]
    public void Labels_are_refused_where_images_are_asked_for() =>
        AssertRefused(Write(IdxFile.Build([4], new byte[4])), "has 1 dimensions");

    [Fact]
    public void Images_are_refused_where_labels_are_asked_for()
    {
        string path = Write(IdxFile.Build([1, 2, 2], new byte[4]));
        Assert.Contains("has 3 dimensions", Assert.Throws<SereException>(() => IdxReader.ReadLabels(path)).Message);
    }

    [Theory]
    [InlineData(0, 2, 2)]
    [InlineData(1, 0, 2)]
    [InlineData(1, 2, 0)]
    public void A_dimension_of_zero_is_refused(uint count, uint height, uint width) =>
        AssertRefused(Write(IdxFile.Build([count, height, width], [])), "is 0");

    [Theory]
    [InlineData(uint.MaxValue, uint.MaxValue, uint.MaxValue)]
    [InlineData(0x80000000, 2, 1)]
    [InlineData(65536, 65536, 65536)]
    [InlineData(uint.MaxValue, 1, 1)]
    public void Sizes_whose_product_is_too_great_are_refused_without_the_memory(uint count, uint height, uint width)
    {
        string path = Write(IdxFile.Build([count, height, width], new byte[100]));
        AssertFrugal(() => AssertRefused(path, "claims more than"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_claim_of_gigabytes_is_refused_without_the_memory(bool zipped)
    {
        string path = Write(IdxFile.Build([2_000_000, 32, 32], new byte[5000]), zipped);
        AssertFrugal(() => AssertRefused(path, "ends after 5000 of the 2048000000 bytes"));
    }

    [Fact]
    public void A_gzip_file_that_unpacks_to_much_more_than_its_header_says_is_not_unpacked()
    {
        string path = Write(IdxFile.Build([1, 2, 2], new byte[64 << 20]), zipped: true);
        AssertFrugal(() => AssertRefused(path, "holds more than the 4 bytes"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_trailing_byte_is_refused(bool zipped) =>
        AssertRefused(Write(IdxFile.Build([1, 2, 2], new byte[5]), zipped), "holds more than the 4 bytes");

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    [InlineData(40)]
    public void Bytes_behind_a_gzip_file_are_refused(int extra) =>
        AssertRefused(Write([.. IdxFile.Zip(IdxFile.Build([1, 2, 2], new byte[4])), .. new byte[extra]]), "gzip file");

    [Theory]
    [InlineData(10, 11)]
    [InlineData(16, 300)]
    [InlineData(200, 20_000)]
    public void A_gzip_file_of_several_members_is_read_and_its_last_checksum_held_against_it(int first, int second)
    {
        byte[] pixels = IdxFile.Counting(30_000);
        byte[] file = IdxFile.Build([3, 100, 100], pixels);
        byte[] zipped = [.. IdxFile.Zip(file[..first]), .. IdxFile.Zip(file[first..second]), .. IdxFile.Zip(file[second..])];
        Assert.Equal(pixels, IdxReader.ReadImages(Write(zipped)).Pixels);
        foreach (int length in (int[])[1, 4, 8])
        {
            AssertRefused(Write(zipped[..^length]), "gzip file");
        }

        AssertRefused(Write([.. zipped, .. new byte[9]]), "gzip file");
    }

    [Fact]
    public void The_content_of_a_gzip_file_is_held_once()
    {
        string path = Write(IdxFile.Build([30, 1000, 1000], new byte[30_000_000]), zipped: true);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(30, IdxReader.ReadImages(path).Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 32_000_000);
    }

    [Fact]
    public void A_changed_checksum_or_length_of_a_gzip_file_is_refused()
    {
        byte[] whole = IdxFile.Zip(IdxFile.Build([1, 2, 2], [1, 2, 3, 4]));
        for (int i = 1; i <= 8; i++)
        {
            byte[] changed = [.. whole];
            changed[^i] ^= 1;
            AssertRefused(Write(changed), "gzip file");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_file_cut_anywhere_is_refused_by_name(bool zipped)
    {
        byte[] whole = IdxFile.Build([2, 3, 3], IdxFile.Counting(18));
        whole = zipped ? IdxFile.Zip(whole) : whole;
        for (int length = 0; length < whole.Length; length++)
        {
            AssertRefused(Write(whole[..length]), "");
        }
    }

    private static void AssertRefused(string path, string reason)
    {
        string message = Assert.Throws<SereException>(() => IdxReader.ReadImages(path)).Message;
        Assert.Contains($"'{path}'", message);
        Assert.Contains(reason, message);
        Assert.EndsWith(".", message);
    }

    private static void AssertFrugal(Action action)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        action();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, FewBytes);
    }

    private string Write(byte[] content, bool zipped = false) =>
        _folder.Write("images", zipped ? IdxFile.Zip(content) : content);
}
