using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using Sere.Numerics;
using Sere.Storage;
using Sere.Tests.Storage;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Malformed;

public sealed class ArrayMutationTests
{
    [Fact]
    public void Damaged_npy_files_are_refused_or_read() =>
        new MutationRun("array.npy", NpyForms(), path => CheckArray(NpyFile.Read(path), path)).Check();

    [Fact]
    public void Damaged_npz_files_are_refused_or_read()
    {
        byte[] npy = NpyBytes.Array("<f4", "(10, 10)", new byte[400]);
        new MutationRun(
            "arrays.npz",
            [
                new MalformedForm("stored", Zip(CompressionLevel.NoCompression, npy, npy)),
                new MalformedForm("deflated", Zip(CompressionLevel.Optimal, npy, npy)),
                new MalformedForm(
                    "deflated, larger than its file",
                    Zip(CompressionLevel.Optimal, NpyBytes.Array("|u1", "(400, 400)", new byte[160_000], isFortran: true))),
                .. NpyForms().Select(form =>
                    form with { Wrap = content => Zip(CompressionLevel.Fastest, npy, form.Wrap?.Invoke(content) ?? content) }),
            ],
            path => Assert.All(NpzFile.Read(path).Values, array => CheckArray(array, path)))
        {
            // What deflate can make of a byte: in buffers that double, in the common order, as singles and as bytes.
            MemoryPerByte = 1032 * (3 + 1 + 4 + 1),
        }.Check();
    }

    [Fact]
    public void Damaged_safetensors_files_are_refused_or_read() =>
        new MutationRun("model.safetensors", SafeTensorsForms(), CheckSafeTensors).Check();

    private static MalformedForm[] NpyForms()
    {
        byte[] data = new byte[48];
        new Random(1).NextBytes(data);
        byte[] flags = Array.ConvertAll(data, value => (byte)(value & 1));
        return
        [
            new MalformedForm("float32", NpyBytes.Array("<f4", "(3, 4)", data)),
            new MalformedForm("float64, version 2", NpyBytes.Array("<f8", "(6,)", data, major: 2)),
            new MalformedForm("float16, version 3", NpyBytes.Array(">f2", "(2, 3, 4)", data, major: 3)),
            new MalformedForm("int32, first index fastest", NpyBytes.Array("<i4", "(3, 2, 2)", data, isFortran: true)),
            new MalformedForm("int64, high byte first", NpyBytes.Array(">i8", "(6, 1)", data, isFortran: true)),
            new MalformedForm("uint8", NpyBytes.Array("|u1", "(48,)", data)),
            new MalformedForm("boolean", NpyBytes.Array("|b1", "(6, 8)", flags)),
            new MalformedForm("uint16, empty", NpyBytes.Array("<u2", "(0, 5)", [])),
            new MalformedForm("single number", NpyBytes.Array("<f8", "()", data[..8])),
            new MalformedForm(
                "damaged description", Encoding.Latin1.GetBytes(NpyBytes.Literal("<f4", "(3, 4)")),
                Wrap: text => NpyBytes.Build(text, data)),
        ];
    }

    private static void CheckArray(NpyArray array, string path)
    {
        // Zero bytes between a member and its array are all that a file has more than its arrays, packed or not.
        long length = new FileInfo(path).Length;
        Assert.InRange(array.Length, 0, 1032 * length);
        Assert.Equal(array.Length, array.Shape.Aggregate(1, (product, size) => product * size));
        Assert.Equal(array.Length, array.ToSingles().Length);
        Assert.True(array.ToBytes() is not { } bytes || bytes.Length == array.Length);
    }

    private static byte[] Zip(CompressionLevel level, params byte[][] members)
    {
        using var file = new MemoryStream();
        using (var archive = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        {
            for (int i = 0; i < members.Length; i++)
            {
                using Stream stream = archive.CreateEntry($"array{i}.npy", level).Open();
                stream.Write(members[i]);
            }
        }

        return file.ToArray();
    }

    private static MalformedForm[] SafeTensorsForms()
    {
        using var scope = torch.NewDisposeScope();
        using var folder = new TemporaryFolder();
        string path = folder.File("model.safetensors");
        return
        [
            Form("one matrix", null, ("w", TensorArithmetic.Indices(6, torch.ScalarType.Float32).view(2, 3))),
            Form(
                "types and metadata",
                new Dictionary<string, string>(StringComparer.Ordinal) { ["kind"] = "test", ["b"] = "\"é\n" },
                ("half", torch.ones(3, torch.ScalarType.Float16)),
                ("brain", torch.ones(1, 3, torch.ScalarType.BFloat16)),
                ("flags", torch.tensor([true, false])),
                ("long", torch.tensor(7L)),
                ("empty", torch.zeros(0, 3, torch.ScalarType.Float64))),
            Form("nothing", null),
            new MalformedForm(
                "damaged description", """
                {"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},
                 "s":{"dtype":"F64","shape":[],"data_offsets":[24,32]},"e":{"dtype":"U8","shape":[0],"data_offsets":[32,32]}}
                """u8.ToArray(),
                JsonMutation.Of,
                text => [.. BitConverter.GetBytes((long)text.Length), .. text, .. new byte[32]]),
        ];

        MalformedForm Form(
            string name, Dictionary<string, string>? metadata, params (string Name, torch.Tensor Value)[] tensors)
        {
            SafeTensors.Write(path, tensors, metadata);
            return new MalformedForm(name, File.ReadAllBytes(path));
        }
    }

    private static void CheckSafeTensors(string path)
    {
        using SafeTensorsFile file = SafeTensors.Read(path);
        byte[] content = File.ReadAllBytes(path);
        long dataLength = content.Length - sizeof(ulong) - (long)BinaryPrimitives.ReadUInt64LittleEndian(content);
        Assert.Equal(dataLength, file.Tensors.Values.Sum(tensor => tensor.numel() * tensor.element_size()));
    }
}
