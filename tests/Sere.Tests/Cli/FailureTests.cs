using Xunit;

namespace Sere.Tests.Cli;

/// <summary>Exit code 1: the request is right, but a file, a folder or a run is not.</summary>
public sealed class FailureTests : FolderTests
{
    private readonly TrainedRun _run;

    public FailureTests(TrainedRun run)
    {
        _run = run;
    }

    [Theory]
    [InlineData("evaluate")]
    [InlineData("sample")]
    [InlineData("train --resume --run")]
    public void A_missing_run_is_named(string command)
    {
        string missing = _folder.File("no-run");
        SereCommand.Run([.. command.Split(' '), missing]).Refused(1, $"'{missing}'", "sere train");
    }

    [Fact]
    public void A_missing_data_set_is_named_with_its_folder_and_what_to_set()
    {
        BuiltProgram.Sere.RunIn(_folder.Path, "train", "--preset", "mnist-mlp")
            .Refused(1, "mnist", $"'{_folder.File("mnist")}'", "SERE_DATA", "--data-dir", "sere data fetch mnist");
        Assert.Empty(_folder.FileNames());
    }

    [Fact]
    public void A_missing_folder_of_images_is_named()
    {
        string missing = _folder.File("no-images");
        SereCommand.Run("train", "--dataset", "images:" + missing).Refused(1, $"'{missing}'");
        SereCommand.Run("score", _run.Root, "--input", missing, "--out", _folder.File("a.csv"))
            .Refused(1, $"'{missing}'", "check the path");
    }

    [Fact]
    public void A_file_is_no_run()
    {
        string file = _folder.Write("file", [1]);
        SereCommand.Run("evaluate", file).Refused(1, $"'{file}' is a file and no run");
    }

    [Fact]
    public void A_folder_or_file_without_its_prefix_is_shown_with_it()
    {
        string folder = _folder.Path;
        SereCommand.Run("train", "--dataset", folder).Refused(2, $"'{folder}'", $"'images:{folder}'");
        string file = _folder.Write("a.npy", [1]);
        SereCommand.Run("train", "--dataset", file).Refused(2, $"'{file}'", $"'npy:{file}'");
    }

    [Fact]
    public void A_folder_of_one_image_holds_one_image()
    {
        string images = _folder.File("one");
        TrainedRun.WriteDigits(images, 1);
        SereCommand.Run("train", "--dataset", "images:" + images).Refused(1, "holds 1 image,");
    }

    [Theory]
    [InlineData("{ \"name\": \"digits\", ", "line 1")]
    [InlineData("", "is empty")]
    [InlineData("{ \"modle\": {} }", "\"modle\"")]
    [InlineData("{}", "dataset.shape")]
    public void A_damaged_configuration_of_a_run_is_a_failure(string text, string part)
    {
        string run = _run.Copy(_folder.File("run"));
        string file = Path.Combine(run, "config.json");
        File.WriteAllText(file, text);
        SereCommand.Run("evaluate", run).Refused(1, file, part);
    }

    [Fact]
    public void A_missing_configuration_file_is_named()
    {
        string missing = _folder.File("mine.json");
        SereCommand.Run("train", "--config", missing).Refused(1, missing);
    }

    [Fact]
    public void Damaged_weights_are_refused_and_those_of_the_checkpoint_before_are_used_with_a_warning()
    {
        string run = _run.Copy(_folder.File("run"));
        FlipMiddle(Path.Combine(run, "checkpoints", "best.safetensors"));
        SereCommand.Run("evaluate", run, "--json").Refused(1, "best.safetensors' is damaged");

        FlipMiddle(Path.Combine(run, "checkpoints", "step-000000008.safetensors"));
        string[] last = ["evaluate", run, "--json", "--importance-samples", "2", "--checkpoint", "last"];
        var fallback = SereCommand.Run(last).Done();
        Assert.StartsWith("warning: ", fallback.Error, StringComparison.Ordinal);
        Assert.Contains("step-000000008.safetensors' is damaged", fallback.Error);

        File.Delete(Path.Combine(run, "checkpoints", "step-000000004.safetensors"));
        var none = SereCommand.Run(last);
        Assert.Equal(1, none.ExitCode);
        Assert.Equal("", none.Output);
        string[] lines = none.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("error: None of the checkpoints in", lines[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train --epochs 1 --run")]
    [InlineData("sample RUN --count 1 --out")]
    [InlineData("reconstruct RUN --count 1 --out")]
    [InlineData("score RUN --input IMAGES --importance-samples 1 --out")]
    [InlineData("evaluate RUN --limit 1 --importance-samples 1 --per-image")]
    public void A_place_that_cannot_be_written_to_is_named(string command)
    {
        // Not even the administrator can make a file in a file.
        File.WriteAllText(_folder.File("file"), "");
        string output = Path.Combine(_folder.File("file"), "result");
        command = command
            .Replace("RUN", _run.Root, StringComparison.Ordinal)
            .Replace("IMAGES", _run.ImageFolder, StringComparison.Ordinal);
        SereCommand.Run([.. command.Split(' '), output]).Refused(1, output);
    }

    [Theory]
    [InlineData("sample RUN --count 1 --out FOLDER/thesis.txt", "does not end with .png")]
    [InlineData("reconstruct RUN --count 1 --out FOLDER/thesis.txt", "does not end with .png")]
    [InlineData("score RUN --input IMAGES --out FOLDER/thesis.txt", "does not end with .csv")]
    [InlineData("encode RUN --input IMAGES --out FOLDER/thesis.txt", "does not end with .npy or .npz")]
    [InlineData("evaluate RUN --per-image FOLDER/thesis.txt", "does not end with .csv")]
    [InlineData("encode RUN --input FOLDER/codes.npy --out FOLDER/codes.npy", "which is read")]
    [InlineData("encode RUN --input FOLDER --out FOLDER/codes.npy", "which is read")]
    [InlineData("sample RUN --interpolate FOLDER/0.png 1 --out FOLDER/0.png", "which is read")]
    public void An_output_that_would_replace_another_kind_of_file_or_an_input_is_refused(string command, string reason)
    {
        string[] names = ["thesis.txt", "codes.npy", "0.png"];
        Array.ForEach(names, name => File.WriteAllText(_folder.File(name), "precious"));
        command = command
            .Replace("RUN", _run.Root, StringComparison.Ordinal)
            .Replace("FOLDER", _folder.Path, StringComparison.Ordinal)
            .Replace("IMAGES", _run.ImageFolder, StringComparison.Ordinal);
        SereCommand.Run(command.Split(' ')).Refused(2, reason);
        Assert.All(names, name => Assert.Equal("precious", File.ReadAllText(_folder.File(name))));
    }

    [Fact]
    public void Verbose_shows_where_an_error_arose()
    {
        var result = SereCommand.Run("evaluate", _folder.File("no-run"), "--verbose");
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("error: ", result.Error, StringComparison.Ordinal);
        Assert.Contains("   at Sere.Runs.", result.Error);
    }

    private static void FlipMiddle(string path)
    {
        byte[] content = File.ReadAllBytes(path);
        content[content.Length / 2] ^= 1;
        File.WriteAllBytes(path, content);
    }
}
