using Sere.Tests.Runs.Pictures;
using Xunit;

namespace Sere.Tests.Cli;

public sealed class PictureCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TrainedRun _run;

    public PictureCommandTests(TrainedRun run)
    {
        _run = run;
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Samples_are_a_picture_that_the_seed_decides()
    {
        byte[] first = Sample("first.png");
        Assert.Equal(first, Sample("again.png"));
        Assert.NotEqual(first, Sample("other.png", "--seed", "2"));
        Assert.NotEqual(first, Sample("cold.png", "--temperature", "0"));

        // Five images of 28 x 28, doubled, in three columns and two rows, with lines of one pixel.
        using var picture = new DecodedPicture(_folder.File("first.png"));
        Assert.Equal(((3 * 57) + 1, (2 * 57) + 1), picture.Size);
    }

    [Fact]
    public void Samples_go_to_the_working_folder_unless_told_otherwise()
    {
        var result = BuiltProgram.Sere.RunIn(_folder.Path, "sample", _run.Root, "--count", "1").Done();
        Assert.Equal("samples.png\n", result.Output);
        using var picture = new DecodedPicture(_folder.File("samples.png"));
        Assert.Equal((58, 58), picture.Size);
    }

    [Fact]
    public void Reconstructions_walk_on_the_models_own_blocks_or_on_the_true_ones()
    {
        byte[] own = Reconstruct("own.png");
        byte[] again = Reconstruct("again.png");
        byte[] forced = Reconstruct("forced.png", "--teacher-forced");
        Assert.Equal(own, again);
        Assert.NotEqual(own, forced);
        using var picture = new DecodedPicture(_folder.File("own.png"));
        using var forcedPicture = new DecodedPicture(_folder.File("forced.png"));
        Assert.Equal(picture.Size, forcedPicture.Size);
    }

    private byte[] Sample(string name, params string[] options) =>
        Draw(name, ["sample", _run.Root, "--count", "5", .. options]);

    private byte[] Reconstruct(string name, params string[] options) =>
        Draw(name, ["reconstruct", _run.Root, "--count", "3", .. options]);

    private byte[] Draw(string name, string[] command)
    {
        string path = _folder.File(name);
        var result = BuiltProgram.Sere.Run([.. command, "--out", path, "--threads", "1"]).Done();
        Assert.Equal(path + "\n", result.Output);
        Assert.Equal("", result.Error);
        return File.ReadAllBytes(path);
    }
}
