using Sere.Data;
using Sere.Storage;
using Xunit;

namespace Sere.Tests.Cli;

public sealed class EncodeCommandTests : FolderTests
{
    private const int Latents = 2;
    private readonly TrainedRun _run;

    public EncodeCommandTests(TrainedRun run)
    {
        _run = run;
        ImageSet digits = DigitsGenerator.GenerateTest(count: 4);
        NpyFile.Write(_folder.File("digits.npy"), new NpyArray(digits.Pixels, 4, 28, 28));
    }

    [Fact]
    public void Codes_are_one_array_or_an_array_a_layer()
    {
        string codes = Encode("codes.npy");
        NpyArray all = NpyFile.Read(codes);
        Assert.Equal([4, TrainedRun.Layers * Latents], all.Shape);
        Assert.Equal(4, all.ToSingles().Chunk(TrainedRun.Layers * Latents).Select(row => row[0]).Distinct().Count());
        var layers = NpzFile.Read(Encode("codes.npz"));
        Assert.Equal(["layer0", "layer1", "layer2"], layers.Keys);
        for (int layer = 0; layer < TrainedRun.Layers; layer++)
        {
            NpyArray one = layers[$"layer{layer}"];
            Assert.Equal([4, Latents], one.Shape);
            Assert.Equal(
                all.ToSingles().Chunk(TrainedRun.Layers * Latents).SelectMany(row => row.Skip(layer * Latents).Take(Latents)),
                one.ToSingles());
        }
    }

    [Fact]
    public void Another_kind_of_file_is_refused_before_the_work() =>
        Run("codes.csv").Refused(2, "'" + _folder.File("codes.csv") + "'", ".npy or .npz");

    private string Encode(string name)
    {
        string path = _folder.File(name);
        Assert.Equal(path + "\n", Run(name).Done().Output);
        return path;
    }

    private ProgramResult Run(string name) => SereCommand.Run(
        "encode", _run.Root, "--input", _folder.File("digits.npy"), "--out", _folder.File(name), "--threads", "1");
}
