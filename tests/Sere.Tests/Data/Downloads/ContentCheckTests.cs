using System.IO.Compression;
using Sere.Data.Downloads;
using Sere.Tests.Malformed;
using Xunit;

namespace Sere.Tests.Data.Downloads;

public sealed class ContentCheckTests
{
    private static readonly byte[] Content = SmallDataset.Content();
    private static readonly byte[] Zipped = FetchFixture.Zipped;
    private static readonly RemoteFile Expected = SmallDataset.File("first", Content);

    [Fact]
    public void Every_beginning_of_the_file_may_become_it_and_is_not_it()
    {
        for (int length = 1; length < Zipped.Length; length++)
        {
            Assert.Equal(ContentState.Truncated, Check(Zipped[..length], Expected));
        }

        Assert.Equal(ContentState.Whole, Check(Zipped, Expected));
    }

    [Fact]
    public void Damaged_bytes_never_pass_for_the_file()
    {
        var random = new Random(1);
        int whole = 0;
        for (int i = 0; i < 2000; i++)
        {
            byte[] damaged = Mutation.Of(Zipped, random);
            if (Check(damaged, Expected) == ContentState.Whole)
            {
                // A header has bytes that say nothing about the content, such as the time, and a second copy of the end is
                // passed over by whoever unpacks it.
                whole++;
                Assert.Equal(Zipped[^8..], damaged[^8..]);
                Assert.Equal(Content, Unzip(damaged));
            }
        }

        Assert.InRange(whole, 0, 100);
    }

    [Fact]
    public void A_bomb_is_unpacked_no_further_than_the_file_is_long()
    {
        byte[] bomb = IdxFile.Zip(new byte[100_000_000]);
        RemoteFile file = SmallDataset.File("first", new byte[200_000]);
        Assert.InRange(bomb.Length, 90_000, file.LargestGzip);
        using var stream = new CountingStream(bomb);
        Assert.Equal(ContentState.Wrong, ContentCheck.OfGzip(stream, file));
        Assert.InRange(stream.BytesRead, 1, 30_000);
    }

    [Fact]
    public void A_whole_file_of_less_content_is_another_file() =>
        Assert.Equal(ContentState.Wrong, Check(IdxFile.Zip(Content[..1000]), Expected));

    [Fact]
    public void A_file_that_is_longer_than_it_can_be_is_another_file()
    {
        // The header may hold a name of any length.
        byte[] header = [0x1F, 0x8B, 8, 8, 0, 0, 0, 0, 0, 0, .. Enumerable.Repeat((byte)'a', 4000), 0];
        byte[] named = [.. header, .. Zipped[10..]];
        Assert.Equal(ContentState.Whole, Check(named, Expected));
        byte[] longer = [.. header[..^1], .. header[10..], .. Zipped[10..]];
        Assert.Equal(ContentState.Wrong, Check(longer, Expected));
    }

    [Fact]
    public void A_file_without_content_is_the_file_if_that_is_what_it_should_be()
    {
        RemoteFile empty = SmallDataset.File("empty", []);
        byte[] zipped = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        Assert.Equal(ContentState.Whole, Check(zipped, empty));
        Assert.Equal(ContentState.Wrong, Check(Zipped, empty));
    }

    private static ContentState Check(byte[] file, RemoteFile expected)
    {
        using var stream = new MemoryStream(file);
        return ContentCheck.OfGzip(stream, expected);
    }

    private static byte[] Unzip(byte[] file)
    {
        using var stream = new GZipStream(new MemoryStream(file), CompressionMode.Decompress);
        using var content = new MemoryStream();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
