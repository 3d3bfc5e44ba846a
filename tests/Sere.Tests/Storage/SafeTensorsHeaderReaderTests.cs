using System.Buffers.Binary;
using System.Text;
using Sere.Storage;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Storage;

public sealed class SafeTensorsHeaderReaderTests
{
    [Fact]
    public void A_sound_header_is_read_in_its_own_order()
    {
        SafeTensorsHeader header = Read(
            """
            {"b":{"dtype":"F32","shape":[2,1],"data_offsets":[2,10]},"__metadata__":{"k":"v"},
             "a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]},"e":{"dtype":"I64","shape":[0,5],"data_offsets":[2,2]}}
            """,
            10);
        Assert.Equal(["b", "a", "e"], header.Entries.Select(entry => entry.Name).ToArray());
        Assert.Equal([2L, 1L], header.Entries[0].Shape);
        Assert.Equal(torch.ScalarType.BFloat16, header.Entries[1].Type);
        Assert.Equal("v", header.Metadata["k"]);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "4 bytes where its shape needs 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 5, "1 bytes at its end")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 3, "claims bytes 0 to 4")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[2,1]}}""", 4, "claims bytes 2 to 1")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}""", 5, "leaves a hole")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""", 3, "overlaps")]
    [InlineData("""{"a":{"dtype":"Q4","shape":[1],"data_offsets":[0,4]}}""", 4, "unknown type 'Q4'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "not a whole number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "not a whole number")]
    [InlineData("""{"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}""", 4, "not a whole number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}""", 4, "not a whole number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387905],"data_offsets":[0,4]}}""", 4, "too large")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "too large")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}""", 0, "too large")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,9223372036854775807]}}""", 4, "claims bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", 4, "lacks")]
    [InlineData("""{"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}""", 4, "lacks")]
    [InlineData("""{"a":{"dtype":4,"shape":[1],"data_offsets":[0,4]}}""", 4, "lacks")]
    [InlineData("""{"a":[]}""", 0, "lacks")]
    [InlineData("""{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", 0, "JSON")]
    [InlineData("""{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", 0, "JSON")]
    [InlineData("""{"__metadata__":{"k":"1","k":"2"}}""", 0, "JSON")]
    [InlineData("""{"__metadata__":{"k":1}}""", 0, "metadata 'k' is not text")]
    [InlineData("""{"__metadata__":[]}""", 0, "metadata is not an object")]
    [InlineData("""{"a":{"dtype":"F32","shape":[[[1]]],"data_offsets":[0,4]}}""", 4, "JSON")]
    [InlineData("""{"a\ud800":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}""", 0, "JSON")]
    [InlineData("""{} {}""", 0, "JSON")]
    [InlineData("""[]""", 0, "does not begin with '{'")]
    [InlineData("", 0, "does not begin with '{'")]
    public void A_header_that_breaks_the_rules_is_refused_with_the_fault(string json, int dataLength, string fault)
    {
        var error = Assert.Throws<InvalidDataException>(() => Read(json, dataLength));
        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void More_dimensions_than_a_tensor_can_have_are_refused()
    {
        string shape = string.Join(',', Enumerable.Repeat("1", 65));
        var error = Assert.Throws<InvalidDataException>(
            () => Read($$$"""{"a":{"dtype":"U8","shape":[{{{shape}}}],"data_offsets":[0,1]}}""", 1));
        Assert.Contains("more than 64 dimensions", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100_000_001UL)]
    [InlineData(ulong.MaxValue)]
    [InlineData(90_000_000UL)]
    public void A_header_length_beyond_the_limit_or_the_file_is_refused_before_anything_is_allocated(ulong length)
    {
        byte[] file = new byte[10];
        BinaryPrimitives.WriteUInt64LittleEndian(file, length);
        using var stream = new MemoryStream(file);
        long before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<InvalidDataException>(() => SafeTensorsHeaderReader.Read(stream));
        Assert.Contains($"claims {length} bytes", error.Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    [Theory]
    [InlineData("{\"a\":[", "0,", "0]}", "lacks")]
    [InlineData("{\"a\":{\"b\":[", "0,", "0]}}", "lacks")]
    [InlineData("{\"a\":{\"shape\":[", "0,", "0]}}", "more than 64 dimensions")]
    [InlineData("{", "\"N\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},", "\"x\":0}", "more than 100000 tensors")]
    [InlineData("{\"__metadata__\":{", "\"N\":\"\",", "\"x\":\"\"}}", "more than 100000")]
    public void A_header_takes_memory_in_proportion(string start, string piece, string end, string fault)
    {
        var text = new StringBuilder(start);
        bool isMany = piece.Contains('N', StringComparison.Ordinal);
        for (int i = 0; i < (isMany ? 100_001 : 1_000_000); i++)
        {
            text.Append(piece.Replace("N", $"{i}", StringComparison.Ordinal));
        }

        using var stream = new MemoryStream(Bytes(text.Append(end).ToString(), 0));
        long before = GC.GetAllocatedBytesForCurrentThread();
        var error = Assert.Throws<InvalidDataException>(() => SafeTensorsHeaderReader.Read(stream));
        Assert.Contains(fault, error.Message, StringComparison.Ordinal);

        // The text itself, and less than a kilobyte for each of so many tensors, most of it dropped at once.
        Assert.InRange(
            GC.GetAllocatedBytesForCurrentThread() - before, 0, stream.Length + (isMany ? 100_000_000 : 1_000_000));
    }

    [Fact]
    public void A_hostile_name_is_shortened_and_cannot_steer_a_terminal()
    {
        string name = "\\u001b[2J\\u0007" + new string('x', 5000);
        var error = Assert.Throws<InvalidDataException>(() => Read($$"""{"{{name}}":1}""", 0));
        Assert.DoesNotContain(error.Message, char.IsControl);
        Assert.InRange(error.Message.Length, 1, 200);
    }

    private static SafeTensorsHeader Read(string json, int dataLength)
    {
        using var stream = new MemoryStream(Bytes(json, dataLength));
        return SafeTensorsHeaderReader.Read(stream);
    }

    private static byte[] Bytes(string json, int dataLength)
    {
        byte[] header = Encoding.UTF8.GetBytes(json);
        byte[] prefix = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, (ulong)header.Length);
        return [.. prefix, .. header, .. new byte[dataLength]];
    }
}
