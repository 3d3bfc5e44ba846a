using Sere.Tests.Runs.Pictures;
using Xunit;

namespace Sere.Tests.Cli;

public sealed class PictureCommandTests : FolderTests
{
    private readonly TrainedRun _run;

    public PictureCommandTests(TrainedRun run)
    {
        _run = run;
    }

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
    public void A_path_leads_from_one_test_image_to_another_or_to_a_file()
    {
        byte[] path = Draw("path.png", ["sample", _run.Root, "--interpolate", "0", "1", "--steps", "4"]);
        string file = Path.Combine(_run.ImageFolder, "000.png");
        Assert.NotEqual(path, Draw("file.png", ["sample", _run.Root, "--interpolate", "0", file, "--steps", "4"]));

        // Both originals and four images between them.
        using var picture = new DecodedPicture(_folder.File("path.png"));
        Assert.Equal(((6 * 57) + 1, 58), picture.Size);
    }

    [Fact]
    public void A_traversal_has_a_row_for_each_latent_of_a_layer()
    {
        byte[] first = Draw("first.png", ["sample", _run.Root, "--traverse", "0", "--steps", "3"]);
        Assert.NotEqual(first, Draw("last.png", ["sample", _run.Root, "--traverse", "2", "--steps", "3"]));
        using var picture = new DecodedPicture(_folder.File("first.png"));
        Assert.Equal(((3 * 57) + 1, (2 * 57) + 1), picture.Size);
    }

    [Theory]
    [InlineData(2, "--traverse 3", "no layer 3", "from 0 to 2")]
    [InlineData(2, "--interpolate 0 10", "no test image 10", "0 to 9")]
    [InlineData(1, "--interpolate 0 missing.png", "'missing.png'")]
    [InlineData(2, "--interpolate 0", "'--interpolate'")]
    [InlineData(2, "--interpolate 0 1 --traverse 0", "--interpolate and --traverse")]
    [InlineData(2, "--interpolate 0 1 --count 4", "--count")]
    [InlineData(2, "--traverse 0 --temperature 0.5", "--temperature")]
    [InlineData(2, "--traverse 0 --steps 1", "--steps 1")]
    [InlineData(2, "--steps 4", "--steps")]
    [InlineData(2, "--temperature 0,5", "--temperature takes a number", "'0,5'")]
    [InlineData(1, "--out .", "it is a folder")]
    public void What_cannot_be_drawn_is_refused(int exitCode, string options, params string[] parts) =>
        SereCommand.Run(["sample", _run.Root, .. options.Split(' ')]).Refused(exitCode, parts);

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
        var result = SereCommand.Run([.. command, "--out", path, "--threads", "1"]).Done();
        Assert.Equal(path + "\n", result.Output);
        Assert.Equal("", result.Error);
        return File.ReadAllBytes(path);
    }
}
