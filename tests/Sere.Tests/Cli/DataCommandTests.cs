using System.Text.Json;
using Sere.Data;
using Sere.Data.Downloads;
using Sere.Tests.Data;
using Sere.Tests.Data.Downloads;
using Xunit;

namespace Sere.Tests.Cli;

public sealed class DataCommandTests : FolderTests
{
    private const string File = "train-images-idx3-ubyte.gz";
    private static readonly byte[] Other = IdxFile.Zip(SmallDataset.Content());

    [Fact]
    public void The_data_sets_are_listed_with_what_is_there_of_them()
    {
        _folder.Write("mnist/train-images-idx3-ubyte", []);
        string[] lines = Run("data", "info").Done().Output.Split('\n');
        Assert.Contains(lines, line => line.StartsWith("digits ", StringComparison.Ordinal) && line.Contains("built in"));
        Assert.Contains(lines, line => line.StartsWith("mnist ", StringComparison.Ordinal) && line.Contains("1 of 4 files"));
        Assert.Contains($"data folder: {_folder.Path}", lines);

        using var json = JsonDocument.Parse(Run("data", "info", "--json").Done().Output);
        Assert.Equal(_folder.Path, json.RootElement.GetProperty("dataFolder").GetString());
        JsonElement mnist = json.RootElement.GetProperty("datasets")[1];
        Assert.Equal("mnist", mnist.GetProperty("name").GetString());
        Assert.Equal(1, mnist.GetProperty("filesPresent").GetInt32());
    }

    [Fact]
    public void What_is_built_in_is_complete()
    {
        var text = Run("data", "info", "digits").Done();
        Assert.Contains("10,000 for training, 2,000 for testing, each 1x28x28", text.Output);
        Assert.Contains("built in", text.Output);
        using var json = JsonDocument.Parse(Run("data", "info", "digits", "--json").Done().Output);
        Assert.True(json.RootElement.GetProperty("builtIn").GetBoolean());
        Assert.True(json.RootElement.GetProperty("isComplete").GetBoolean());
        Assert.Equal([1, 28, 28], json.RootElement.GetProperty("shape").EnumerateArray().Select(side => side.GetInt32()));
        Assert.Equal(10_000, json.RootElement.GetProperty("trainImages").GetInt32());
        Assert.Equal(0, json.RootElement.GetProperty("files").GetArrayLength());
    }

    [Fact]
    public void Files_that_are_missing_or_damaged_are_named_and_the_report_is_a_result_all_the_same()
    {
        string damaged = _folder.Write("mnist/" + File, Other);
        _folder.Write("mnist/t10k-labels-idx1-ubyte.gz.part", new byte[12]);
        var text = Run("data", "info", "mnist");
        Assert.Equal(1, text.ExitCode);
        Assert.Contains($"folder: {_folder.File("mnist")}\n", text.Output);
        Assert.Contains("missing; 12 bytes are here", text.Output);
        Assert.Contains("credit: Yann LeCun", text.Output);
        string line = Assert.Single(text.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("error: Data set 'mnist' is not complete", line, StringComparison.Ordinal);
        Assert.Contains($"damaged: {File}); run sere data fetch mnist --force.", line);

        var report = Run("data", "info", "mnist", "--json");
        Assert.Equal(1, report.ExitCode);
        using var json = JsonDocument.Parse(report.Output);
        Assert.False(json.RootElement.GetProperty("isComplete").GetBoolean());
        JsonElement[] files = [.. json.RootElement.GetProperty("files").EnumerateArray()];
        Assert.Equal(
            ["damaged", "missing", "missing", "missing"], files.Select(file => file.GetProperty("state").GetString()));
        Assert.Equal(damaged, files[0].GetProperty("path").GetString());
        Assert.Equal(JsonValueKind.Null, files[1].GetProperty("path").ValueKind);
        Assert.Equal(12, files[3].GetProperty("partialBytes").GetInt64());
        Assert.Equal(
            RemoteDataset.Mnist.Files.Select(file => file.Size), files.Select(file => file.GetProperty("size").GetInt64()));
    }

    [Fact]
    public async Task A_mirror_of_ones_own_is_asked_instead_of_the_public_ones_and_trusted_as_little()
    {
        await using var server = new LoopbackServer(Answers.File(Other));
        string address = server.Address.ToString().TrimEnd('/');
        var result = Run("data", "fetch", "mnist", "--mirror", address);
        Assert.Equal(1, result.ExitCode);
        Assert.Equal("", result.Output);
        string[] lines = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal($"{File}: {Other.Length:N0} of {Other.Length:N0} bytes", lines[0]);
        Assert.StartsWith(
            $"error: '{File}' could not be downloaded: {address}/ sends a file that is not that of this data set; ",
            lines[1],
            StringComparison.Ordinal);
        Assert.Equal(2, lines.Length);
        Assert.Equal($"/files/{File}", Assert.Single(server.Requests).Path);
    }

    [Fact]
    public async Task A_damaged_file_is_named_and_no_mirror_is_asked()
    {
        string path = _folder.Write("mnist/" + File, Other);
        await using var server = new LoopbackServer(Answers.File(Other));
        Run("data", "fetch", "mnist", "--mirror", server.Address.ToString()).Refused(1, $"'{path}'", "--force");
        Assert.Empty(server.Requests);
        Assert.Equal(Other, System.IO.File.ReadAllBytes(path));
    }

    [Fact]
    public async Task An_interrupted_download_goes_on_with_the_same_command()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no Ctrl-C to send.");
        await using var server = new LoopbackServer(Answers.Stall(Other, 2000), Answers.Status(404));
        string[] command = ["data", "fetch", "mnist", "--mirror", server.Address.ToString()];
        using (var program = BuiltProgram.Sere.Start(_folder.Path, command))
        {
            program.WaitForError("2,000 of");
            program.Interrupt();
            var result = program.Finish();
            Assert.True(result.ExitCode == 130, $"Exit code {result.ExitCode}: {result.Error}");
            Assert.Equal("", result.Output);
            Assert.EndsWith(
                "\nInterrupted; the same command goes on where it stopped.\n", result.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("error:", result.Error);
        }

        Assert.Equal(Other[..2000], System.IO.File.ReadAllBytes(_folder.File($"mnist/{File}.part")));
        Run(command).Refused(1, "answers with status 404");
        Assert.Equal("bytes=2000-", server.Requests[1].Range);
    }

    [Fact]
    public void Parts_are_written_as_files_that_are_read_again_as_they_were()
    {
        string folder = _folder.File("parts");
        Assert.Equal(folder, Here("data", "export", "parts", "--out", folder).Done().Output.TrimEnd());
        Assert.Equal(["test", "train"], Names(folder));
        Assert.Equal(["defect", "ok"], Names(System.IO.Path.Combine(folder, "test")));
        foreach (var (subfolder, images) in ((string, ImageSet)[])
            [
                ("train", PartsGenerator.GenerateTrain(colour: false)),
                ("test/ok", PartsGenerator.GenerateTest(colour: false)),
                ("test/defect", PartsGenerator.GenerateDefects(colour: false)),
            ])
        {
            ImageSet read = ImageFolderReader.Read(System.IO.Path.Combine(folder, subfolder));
            Assert.Equal(images.Shape, read.Shape);
            Assert.Equal(images.Names!.Order(StringComparer.Ordinal), read.Names!.Order(StringComparer.Ordinal));
            int[] order = [.. read.Names!.Select(name => images.Names!.ToList().IndexOf(name))];
            Assert.Equal(images.Select(order).Pixels, read.Pixels);
        }

        Here("data", "export", "parts", "--out", folder).Refused(1, $"'{folder}' is there already");
    }

    [Fact]
    public void A_data_set_with_labels_is_written_a_folder_a_label()
    {
        foreach (string part in (string[])["train", "t10k"])
        {
            _folder.Write($"fashion-mnist/{part}-images-idx3-ubyte", IdxFile.Build([3, 2, 2], IdxFile.Counting(12)));
            _folder.Write($"fashion-mnist/{part}-labels-idx1-ubyte", IdxFile.Build([3], [7, 0, 7]));
        }

        var result = Here("data", "export", "fashion-mnist", "--out", "out").Done();
        Assert.Contains("does not hold the images of fashion-mnist", result.Error);
        Assert.Equal(["0", "7"], Names(_folder.File("out/test")));
        Assert.Equal(["00000.png", "00002.png"], Names(_folder.File("out/train/7")));
        Assert.Equal(IdxFile.Counting(12)[4..8], ImageFolderReader.Read(_folder.File("out/train/0")).Pixels);
        Assert.Equal(["fashion-mnist", "out"], Names(_folder.Path));
    }

    [Fact]
    public void What_cannot_be_written_is_refused_and_nothing_is_left()
    {
        Here("data", "export", "rings", "--out", "out").Refused(2, "'rings'", "points");
        Here("data", "export", "mnist", "--out", "out").Refused(1, "sere data fetch mnist");
        string file = _folder.Write("file", [1]);
        Here("data", "export", "parts", "--out", "file").Refused(1, "'file' is there already");
        Here("data", "export", "parts", "--out", "file/out").Refused(1, "'file/out'");
        Assert.Equal([1], System.IO.File.ReadAllBytes(file));
        Assert.Equal(["file"], Names(_folder.Path));
    }

    private static string[] Names(string folder) =>
    [
        .. Directory.EnumerateFileSystemEntries(folder)
            .Select(path => System.IO.Path.GetFileName(path))
            .Order(StringComparer.Ordinal),
    ];

    private ProgramResult Here(params string[] arguments) =>
        BuiltProgram.Sere.RunIn(_folder.Path, [.. arguments, "--data-dir", _folder.Path]);

    private ProgramResult Run(params string[] arguments) => SereCommand.Run([.. arguments, "--data-dir", _folder.Path]);
}
