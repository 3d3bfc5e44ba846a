using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Sere.Numerics;
using Sere.Storage;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Storage;

public sealed class SafeTensorsTests : FolderTests
{
    private string FilePath => _folder.File("model.safetensors");

    public static TheoryData<torch.ScalarType> Types() =>
    [
        torch.ScalarType.Byte, torch.ScalarType.Int8, torch.ScalarType.Int16, torch.ScalarType.Int32,
        torch.ScalarType.Int64, torch.ScalarType.Float16, torch.ScalarType.BFloat16, torch.ScalarType.Float32,
        torch.ScalarType.Float64,
    ];

    [Theory]
    [MemberData(nameof(Types))]
    public void Every_type_comes_back_bit_for_bit_with_its_shape(torch.ScalarType type)
    {
        // Random bits hold NaN payloads, infinities, subnormal numbers and negative zeros.
        using var scope = torch.NewDisposeScope();
        var random = new Random(3);
        torch.Tensor matrix = RandomBits(random, type, 257, 33);
        torch.Tensor scalar = RandomBits(random, type);
        torch.Tensor empty = RandomBits(random, type, 3, 0, 2);
        SafeTensors.Write(FilePath, [("matrix", matrix), ("scalar", scalar), ("empty", empty)]);

        using SafeTensorsFile file = SafeTensors.Read(FilePath);
        Assert.Equal(["matrix", "scalar", "empty"], file.Tensors.Keys.ToArray());
        torch.Tensor[] written = [matrix, scalar, empty];
        foreach ((torch.Tensor expected, torch.Tensor actual) in written.Zip(file.Tensors.Values))
        {
            Assert.Equal(type, actual.dtype);
            Assert.Equal(expected.shape, actual.shape);
            Assert.True(expected.bytes.SequenceEqual(actual.bytes));
        }
    }

    [Fact]
    public void Not_a_number_keeps_its_payload()
    {
        using var scope = torch.NewDisposeScope();
        int[] bits = [0x7fc00001, unchecked((int)0xffa12345), 0x7f800001, unchecked((int)0x80000000), 1];
        torch.Tensor floats = torch.empty(bits.Length);
        MemoryMarshal.AsBytes(bits.AsSpan()).CopyTo(floats.bytes);
        SafeTensors.Write(FilePath, [("nan", floats)]);
        using SafeTensorsFile file = SafeTensors.Read(FilePath);
        Assert.Equal(bits, MemoryMarshal.Cast<byte, int>(file.Tensors["nan"].bytes).ToArray());
    }

    [Fact]
    public void Booleans_views_and_parameters_are_written_by_value()
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor transposed = TensorArithmetic.Indices(6, torch.ScalarType.Float32).view(2, 3).t();
        torch.Tensor slice = TensorArithmetic.Indices(10).slice(0, 1, 9, 3);
        torch.Tensor parameter = torch.ones(2, requires_grad: true);
        torch.Tensor flags = torch.tensor([true, false, true]);
        SafeTensors.Write(FilePath, [("t", transposed), ("s", slice), ("p", parameter), ("b", flags)]);
        using SafeTensorsFile file = SafeTensors.Read(FilePath);
        Assert.Equal([3L, 2L], file.Tensors["t"].shape);
        Assert.Equal([0f, 3f, 1f, 4f, 2f, 5f], file.Tensors["t"].data<float>().ToArray());
        Assert.Equal([1L, 4L, 7L], file.Tensors["s"].data<long>().ToArray());
        Assert.False(file.Tensors["p"].requires_grad);
        Assert.Equal([true, false, true], file.Tensors["b"].data<bool>().ToArray());
    }

    [Fact]
    public void The_tensors_outlive_an_open_dispose_scope_and_end_with_the_file()
    {
        using torch.Tensor one = torch.ones(1);
        SafeTensors.Write(FilePath, [("one", one)]);
        SafeTensorsFile file;
        using (torch.NewDisposeScope())
        {
            file = SafeTensors.Read(FilePath);
        }

        torch.Tensor tensor = file.Tensors["one"];
        Assert.False(tensor.IsInvalid);
        file.Dispose();
        Assert.True(tensor.IsInvalid);
    }

    [Fact]
    public void Writing_and_reading_leave_no_tensor_behind()
    {
        using var scope = torch.NewDisposeScope();
        torch.Tensor matrix = torch.ones(3, 4).t();
        long before = scope.DisposablesCount;
        SafeTensors.Write(FilePath, [("matrix", matrix)]);
        SafeTensors.Read(FilePath).Dispose();
        Assert.Equal(before, scope.DisposablesCount);
    }

    [Fact]
    public void The_bytes_follow_the_published_rules()
    {
        using var scope = torch.NewDisposeScope();
        (string Name, torch.Tensor Value)[] tensors =
        [
            ("bytes", torch.tensor(new byte[] { 1, 2, 3 })),
            ("weight é\"", torch.tensor(new float[] { 1, -2, 0.5f, 3, 4, 5 }).view(2, 3)),
            ("transposed", torch.tensor(new int[] { 1, 2, 3, 4, 5, 1 << 24 }).view(2, 3).t()),
            ("empty", torch.empty(0, 4)),
            ("scalar", torch.tensor(2.5)),
        ];

        // Little-endian and row after row, whatever the strides of the tensor are.
        (string Type, string Shape, int Size, string Data)[] expected =
        [
            ("U8", "[3]", 1, "010203"),
            ("F32", "[2,3]", 4, "0000803F000000C00000003F00004040000080400000A040"),
            ("I32", "[3,2]", 4, "010000000400000002000000050000000300000000000001"),
            ("F32", "[0,4]", 4, ""),
            ("F64", "[]", 8, "0000000000000440"),
        ];
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal) { ["format"] = "pt", ["\u2028"] = "\"x\"\n" };
        SafeTensors.Write(FilePath, tensors, metadata);

        byte[] file = File.ReadAllBytes(FilePath);
        int headerLength = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        Assert.InRange(headerLength, 2, Math.Min(100_000_000, file.Length - 8));
        Assert.Equal(0, (8 + headerLength) % 8);
        Assert.Equal((byte)'{', file[8]);
        Assert.All(
            file[(1 + Array.LastIndexOf(file, (byte)'}', 7 + headerLength))..(8 + headerLength)],
            padding => Assert.Equal((byte)' ', padding));
        using var header = JsonDocument.Parse(file.AsMemory(8, headerLength));
        Assert.Equal(
            [("format", "pt"), ("\u2028", "\"x\"\n")],
            header.RootElement.GetProperty("__metadata__").EnumerateObject()
                .Select(property => (property.Name, property.Value.GetString()!)));

        var names = header.RootElement.EnumerateObject().Select(property => property.Name).ToArray();
        Assert.Equal(["__metadata__", "bytes", "weight é\"", "transposed", "empty", "scalar"], names);
        var ranges = new List<(long Begin, long End)>();
        for (int i = 0; i < tensors.Length; i++)
        {
            JsonElement entry = header.RootElement.GetProperty(tensors[i].Name);
            Assert.Equal(["dtype", "shape", "data_offsets"], entry.EnumerateObject().Select(property => property.Name));
            Assert.Equal(expected[i].Type, entry.GetProperty("dtype").GetString());
            Assert.Equal(expected[i].Shape, entry.GetProperty("shape").GetRawText());
            Assert.Equal(2, entry.GetProperty("data_offsets").GetArrayLength());
            long begin = entry.GetProperty("data_offsets")[0].GetInt64();
            long end = entry.GetProperty("data_offsets")[1].GetInt64();
            Assert.Equal(0, begin % expected[i].Size);
            Assert.Equal(
                expected[i].Data,
                Convert.ToHexString(file.AsSpan((int)(8 + headerLength + begin), (int)(end - begin))));
            ranges.Add((begin, end));
        }

        ranges.Sort();
        Assert.Equal([0, .. ranges.SkipLast(1).Select(range => range.End)], ranges.Select(range => range.Begin));
        Assert.Equal(file.Length - 8 - headerLength, ranges[^1].End);
    }

    [Theory]
    [InlineData(torch.ScalarType.Bool, "BOOL", 1)]
    [InlineData(torch.ScalarType.Byte, "U8", 1)]
    [InlineData(torch.ScalarType.Int8, "I8", 1)]
    [InlineData(torch.ScalarType.Int16, "I16", 2)]
    [InlineData(torch.ScalarType.Int32, "I32", 4)]
    [InlineData(torch.ScalarType.Int64, "I64", 8)]
    [InlineData(torch.ScalarType.Float16, "F16", 2)]
    [InlineData(torch.ScalarType.BFloat16, "BF16", 2)]
    [InlineData(torch.ScalarType.Float32, "F32", 4)]
    [InlineData(torch.ScalarType.Float64, "F64", 8)]
    public void Every_type_has_its_published_name_and_size(torch.ScalarType type, string name, int size)
    {
        using torch.Tensor three = torch.zeros(3, type);
        SafeTensors.Write(FilePath, [("three", three)]);
        byte[] file = File.ReadAllBytes(FilePath);
        int headerLength = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        Assert.Equal(
            $$$"""{"three":{"dtype":"{{{name}}}","shape":[3],"data_offsets":[0,{{{3 * size}}}]}}""",
            Encoding.UTF8.GetString(file, 8, headerLength).TrimEnd(' '));
        Assert.Equal(3 * size, file.Length - 8 - headerLength);
    }

    [Fact]
    public void A_file_from_elsewhere_with_an_unpadded_header_is_read()
    {
        byte[] header = """{"x":{"dtype":"I32","shape":[2],"data_offsets":[0,8]}}"""u8.ToArray();
        Assert.NotEqual(0, header.Length % 8);
        byte[] data = [1, 0, 0, 0, 255, 255, 255, 255];
        File.WriteAllBytes(FilePath, [(byte)header.Length, 0, 0, 0, 0, 0, 0, 0, .. header, .. data]);
        using SafeTensorsFile file = SafeTensors.Read(FilePath);
        Assert.Equal([1, -1], file.Tensors["x"].data<int>().ToArray());
        Assert.Empty(file.Metadata);
    }

    [Fact]
    public void Every_truncation_is_refused_by_name()
    {
        byte[] sound = SmallFile();
        for (int length = 0; length < sound.Length; length++)
        {
            File.WriteAllBytes(FilePath, sound[..length]);
            var error = Assert.Throws<SereException>(() => SafeTensors.Read(FilePath));
            Assert.Contains($"'{FilePath}'", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_byte_too_many_is_refused()
    {
        File.WriteAllBytes(FilePath, [.. SmallFile(), 0]);
        var error = Assert.Throws<SereException>(() => SafeTensors.Read(FilePath));
        Assert.Contains("1 bytes at its end belong to no tensor", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\u0080\u0002cposix\nsystem\nX\u0004\0\0\0trueq\0\u0085q\u0001Rq\u0002.")]
    [InlineData("PK\u0003\u0004\0\0\u0008\u0008\0\0\0\0\0\0\0\0\0\0archive/data.pkl")]
    public void A_pickle_in_place_of_a_model_is_refused_and_never_run(string content)
    {
        File.WriteAllBytes(FilePath, Encoding.Latin1.GetBytes(content));
        var error = Assert.Throws<SereException>(() => SafeTensors.Read(FilePath));
        Assert.Contains("not a sound safetensors file", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var error = Assert.Throws<SereException>(() => SafeTensors.Read(FilePath));
        Assert.Contains($"'{FilePath}'", error.Message, StringComparison.Ordinal);
        Assert.Contains("it does not exist", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_name_given_twice_and_the_name_of_the_metadata_are_refused()
    {
        using torch.Tensor one = torch.ones(1);
        Assert.Throws<ArgumentException>(() => SafeTensors.Write(FilePath, [("a", one), ("a", one)]));
        Assert.Throws<ArgumentException>(() => SafeTensors.Write(FilePath, [("__metadata__", one)]));
        Assert.Empty(_folder.FileNames());
    }

    [Fact]
    public void A_type_outside_the_format_is_refused()
    {
        using torch.Tensor complex = torch.zeros(2, torch.ScalarType.ComplexFloat32);
        var error = Assert.Throws<ArgumentException>(() => SafeTensors.Write(FilePath, [("c", complex)]));
        Assert.Contains("'c'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_tensors_is_sound()
    {
        SafeTensors.Write(FilePath, []);
        using SafeTensorsFile file = SafeTensors.Read(FilePath);
        Assert.Empty(file.Tensors);
    }

    private byte[] SmallFile()
    {
        using var scope = torch.NewDisposeScope();
        SafeTensors.Write(
            FilePath,
            [("w", TensorArithmetic.Indices(6, torch.ScalarType.Float32).view(2, 3)), ("n", torch.tensor(7L))],
            new Dictionary<string, string>(StringComparer.Ordinal) { ["kind"] = "test" });
        return File.ReadAllBytes(FilePath);
    }

    private static torch.Tensor RandomBits(Random random, torch.ScalarType type, params long[] shape)
    {
        torch.Tensor tensor = torch.empty(shape, type);
        random.NextBytes(tensor.bytes);
        return tensor;
    }
}
