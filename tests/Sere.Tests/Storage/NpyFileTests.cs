using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using CsCheck;
using Sere.Storage;
using Xunit;

namespace Sere.Tests.Storage;

public sealed class NpyFileTests : FolderTests
{
    private string FilePath => _folder.File("array.npy");

    [Theory]
    [InlineData("b1", "00 01", new float[] { 0, 1 })]
    [InlineData("u1", "00 FF", new float[] { 0, 255 })]
    [InlineData("i1", "80 7F", new float[] { -128, 127 })]
    [InlineData("u2", "0102 FFFE", new float[] { 258, 65534 })]
    [InlineData("i2", "0102 FFFE", new float[] { 258, -2 })]
    [InlineData("u4", "00010002 FFFFFF00", new float[] { 65538, 4294967040 })]
    [InlineData("i4", "00010002 FFFFFFFE", new float[] { 65538, -2 })]
    [InlineData("u8", "0000000100000002 8000000000000000", new float[] { 4294967296, 9223372036854775808 })]
    [InlineData("i8", "0000000000000102 FFFFFFFFFFFFFFFE", new float[] { 258, -2 })]
    [InlineData("f2", "3C00 C0B8", new float[] { 1, -2.359375f })]
    [InlineData("f4", "3F800000 C0490FDB", new float[] { 1, -3.14159274f })]
    [InlineData("f8", "3FF0000000000000 400921FB54442D18", new float[] { 1, 3.14159274f })]
    public void Each_type_is_read_in_each_byte_order(string code, string bigEndian, float[] expected)
    {
        string[] words = bigEndian.Split(' ');
        byte[] big = [.. words.SelectMany(Convert.FromHexString)];
        byte[] little = [.. words.SelectMany(word => Convert.FromHexString(word).Reverse())];
        (char Order, byte[] Data)[] forms =
        [
            ('>', big), ('<', little), ('=', BitConverter.IsLittleEndian ? little : big),
            .. code[1] == '1' ? [('|', big)] : Array.Empty<(char, byte[])>(),
        ];
        foreach ((char order, byte[] data) in forms)
        {
            NpyArray array = Read(NpyBytes.Array(order + code, "(2,)", data));
            Assert.Equal(code, array.Type.Code);
            Assert.Equal([2], array.Shape);
            Assert.Equal(2, array.Length);
            Assert.Equal(expected, array.ToSingles());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Each_version_of_the_format_is_read(byte major) =>
        Assert.Equal([5, 6], Read(NpyBytes.Array("|u1", "(1, 2)", [5, 6], major: major)).ToBytes());

    [Theory]
    [InlineData("(2, 3)", "0 2 4 1 3 5")]
    [InlineData("(2, 1, 3, 1)", "0 2 4 1 3 5")]
    [InlineData("(3, 2)", "0 3 1 4 2 5")]
    [InlineData("(6,)", "0 1 2 3 4 5")]
    [InlineData("(1, 6, 1)", "0 1 2 3 4 5")]
    public void An_array_whose_first_index_runs_fastest_is_brought_into_the_common_order(string shape, string expected)
    {
        float[] ordered = [.. expected.Split(' ').Select(float.Parse)];
        foreach (string descriptor in (string[])["|i1", ">i2", "<i4", ">i8"])
        {
            int size = descriptor[2] - '0';
            byte[] data = new byte[6 * size];
            for (byte i = 0; i < 6; i++)
            {
                data[(i * size) + (descriptor[0] == '<' ? 0 : size - 1)] = i;
            }

            Assert.Equal(ordered, Read(NpyBytes.Array(descriptor, shape, data, isFortran: true)).ToSingles());
        }
    }

    [Fact]
    public void Every_element_of_a_transposed_array_is_where_its_index_says()
    {
        // What NumPy does: element [i, j, k] of shape [2, 3, 4] lies at i + 2 j + 6 k.
        byte[] data = [.. Enumerable.Range(0, 24).Select(value => (byte)value)];
        byte[] read = Read(NpyBytes.Array("|u1", "(2, 3, 4)", data, isFortran: true)).ToBytes()!;
        var expected = from i in Enumerable.Range(0, 2)
                       from j in Enumerable.Range(0, 3)
                       from k in Enumerable.Range(0, 4)
                       select (byte)(i + (2 * j) + (6 * k));
        Assert.Equal(expected, read);
    }

    [Theory]
    [InlineData("()", 1)]
    [InlineData("(0,)", 0)]
    [InlineData("(3, 0, 2)", 0)]
    [InlineData("(0, 2147483591)", 0)]
    public void A_single_number_and_an_empty_array_are_arrays(string shape, int count)
    {
        NpyArray array = Read(NpyBytes.Array("|u1", shape, new byte[count]));
        Assert.Equal(count, array.Length);
        Assert.Equal(count, array.ToSingles().Length);
        Assert.Equal(shape.Any(char.IsAsciiDigit), array.Shape.Count > 0);
    }

    [Fact]
    public void A_boolean_that_is_neither_true_nor_false_is_refused() =>
        AssertRefused(NpyBytes.Array("|b1", "(2,)", [1, 2]), "a boolean that is neither 0 nor 1");

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(4, 0)]
    [InlineData(255, 255)]
    public void An_unknown_version_is_refused(byte major, byte minor) =>
        AssertRefused(
            NpyBytes.Build(NpyBytes.Literal("|u1", "(1,)"), [1], major, minor), $"unknown version {major}.{minor}");

    [Theory]
    [InlineData("")]
    [InlineData("\u0093NUMPX\u0001\0v\0{")]
    [InlineData("P5 4 4 255 0123456789abcdef")]
    public void A_file_of_another_kind_is_refused(string content)
    {
        byte[] file = Encoding.Latin1.GetBytes(content);
        AssertRefused(file, file.Length == 0 ? "is empty" : "does not begin as npy files do");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Every_truncation_is_refused_by_name(byte major)
    {
        byte[] sound = NpyBytes.Array("<i2", "(2, 3)", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], major: major);
        Assert.Equal(6, Read(sound).Length);
        for (int length = 0; length < sound.Length; length++)
        {
            AssertRefused(sound[..length]);
        }
    }

    [Fact]
    public void Bytes_too_many_or_too_few_are_counted()
    {
        AssertRefused(NpyBytes.Array("<f4", "(2, 3)", new byte[25]), "25 bytes of data where its shape needs 24");
        AssertRefused(NpyBytes.Array("<f4", "(2, 3)", new byte[23]), "23 bytes of data where its shape needs 24");
        AssertRefused(NpyBytes.Array("<f4", "(0, 3)", new byte[1]), "1 bytes of data where its shape needs 0");
    }

    [Theory]
    [InlineData("(500000000,)", 1u << 7)]
    [InlineData("(1,)", 90_000_000u)]
    [InlineData("(1,)", uint.MaxValue)]
    public void A_claim_of_gigabytes_is_refused_without_the_memory(string shape, uint headerLength)
    {
        string literal = NpyBytes.Literal("<f4", shape).PadRight(1 << 7);
        byte[] file = NpyBytes.Build(literal, new byte[1000], major: 2);
        BinaryPrimitives.WriteUInt32LittleEndian(file.AsSpan(8), headerLength);
        long before = GC.GetAllocatedBytesForCurrentThread();
        AssertRefused(file);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 17);
    }

    [Fact]
    public void Single_precision_numbers_and_bytes_come_back_bit_for_bit() =>
        FixedSamples.Check(
            Gen.Select(Gen.UInt.Array[0, 60], Gen.Int[1, 4]),
            sample =>
            {
                (uint[] bits, int columns) = sample;
                int rows = bits.Length / columns;
                byte[] bytes = MemoryMarshal.AsBytes(bits.AsSpan(0, rows * columns)).ToArray();
                float[] singles = MemoryMarshal.Cast<byte, float>(bytes).ToArray();
                NpyFile.Write(FilePath, new NpyArray(singles, rows, columns));
                NpyArray read = NpyFile.Read(FilePath);
                Assert.Equal([rows, columns], read.Shape);
                Assert.Equal(NpyType.Float32, read.Type);
                Assert.Equal(bytes, MemoryMarshal.AsBytes(read.ToSingles().AsSpan()).ToArray());
                NpyFile.Write(FilePath, new NpyArray(bytes, rows, 1, columns, 4));
                read = NpyFile.Read(FilePath);
                Assert.Equal([rows, 1, columns, 4], read.Shape);
                Assert.Equal(bytes, read.ToBytes());
            });

    [Fact]
    public void The_bytes_follow_the_published_rules()
    {
        // Each further size makes the header three characters longer, which meets every length modulo 64.
        for (int sizeCount = 0; sizeCount <= 64; sizeCount++)
        {
            int[] shape = [.. Enumerable.Range(0, sizeCount).Select(index => index == 0 ? 3 : 1)];
            float[] values = [.. new float[] { 1, -2, 0.5f }.Take(sizeCount == 0 ? 1 : 3)];
            NpyFile.Write(FilePath, new NpyArray(values, shape));
            byte[] file = File.ReadAllBytes(FilePath);
            Assert.Equal([0x93, .. "NUMPY"u8, 1, 0], file[..8]);
            int start = 10 + BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(8));
            Assert.Equal(0, start % 64);
            Assert.Equal(4 * values.Length, file.Length - start);
            string literal = Encoding.ASCII.GetString(file.AsSpan(10, start - 10));
            Assert.EndsWith("\n", literal, StringComparison.Ordinal);
            string sizes = string.Join(", ", shape.Select(size => size.ToString(CultureInfo.InvariantCulture)));
            string descriptor = BitConverter.IsLittleEndian ? "<f4" : ">f4";
            Assert.Equal(
                $"{{'descr': '{descriptor}', 'fortran_order': False, 'shape': ({sizes}{(shape.Length == 1 ? "," : "")}), }}",
                literal.TrimEnd());
            Assert.Equal(values, MemoryMarshal.Cast<byte, float>(file.AsSpan(start)).ToArray());
        }
    }

    [Fact]
    public void A_file_that_NumPy_wrote_is_read()
    {
        // numpy.save of numpy.asfortranarray(numpy.arange(6, dtype='>i2').reshape(2, 3)), NumPy 1.24.2.
        byte[] file = Convert.FromBase64String(NumPyFile);
        NpyArray array = Read(file);
        Assert.Equal("i2", array.Type.Code);
        Assert.Equal([2, 3], array.Shape);
        Assert.Equal([0f, 1f, 2f, 3f, 4f, 5f], array.ToSingles());
    }

    [Fact]
    public void Failure_to_write_leaves_the_older_file()
    {
        var array = new NpyArray([1f], 1);
        var error = Assert.Throws<SereException>(() => NpyFile.Write(_folder.File("missing/a.npy"), array));
        Assert.Contains("missing/a.npy", error.Message, StringComparison.Ordinal);
        Assert.Empty(_folder.FileNames());
    }

    [Fact]
    public void A_missing_file_and_a_folder_are_named()
    {
        Assert.Contains(
            "it does not exist", Assert.Throws<SereException>(() => NpyFile.Read(FilePath)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "it is a folder",
            Assert.Throws<SereException>(() => NpyFile.Read(_folder.Path)).Message,
            StringComparison.Ordinal);
    }

    private const string NumPyFile =
        "k05VTVBZAQB2AHsnZGVzY3InOiAnPmkyJywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAg"
        + "ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAADAAEABAACAAU=";

    private NpyArray Read(byte[] content)
    {
        File.WriteAllBytes(FilePath, content);
        return NpyFile.Read(FilePath);
    }

    private void AssertRefused(byte[] content, params string[] parts)
    {
        string message = Assert.Throws<SereException>(() => Read(content)).Message;
        Assert.StartsWith($"The file '{FilePath}' ", message, StringComparison.Ordinal);
        Assert.EndsWith(".", message, StringComparison.Ordinal);
        Assert.DoesNotContain(message, char.IsControl);
        Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
    }
}
