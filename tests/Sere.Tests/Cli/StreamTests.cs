using Xunit;

namespace Sere.Tests.Cli;

/// <summary>Streams that are closed, full or a terminal.</summary>
public sealed class StreamTests : FolderTests
{
    private const string Full = "/dev/full";
    private const string Escape = "\u001b[31m\u0007\u009b\u202e";
    private readonly TrainedRun _run;

    public StreamTests(TrainedRun run)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Needs a shell.");
        _run = run;
    }

    [Theory]
    [InlineData("2>&-")]
    [InlineData("2>/dev/full")]
    [InlineData(">&- 2>&-")]
    public void Messages_that_cannot_be_written_are_dropped_and_work_goes_on(string redirections)
    {
        Assert.SkipUnless(File.Exists(Full), "There is no device that is always full.");
        string run = _folder.File("run");
        bool hasResults = redirections[0] == '2';
        var result = BuiltProgram.Sere.RunInShell($"\"$@\" {redirections}", _run.Command("--run", run));
        Assert.Equal((hasResults ? 0 : 1, ""), (result.ExitCode, result.Error));
        Assert.True(File.Exists(Path.Combine(run, "report.md")));
        Assert.Equal(hasResults, result.Output.Contains("report.md", StringComparison.Ordinal));

        using var output = new StringWriter();
        using var full = Unbuffered(Full);
        result = SereCommand.Run(["train", "--seed", "x"], output, full, TestContext.Current.CancellationToken);
        Assert.Equal(2, result.ExitCode);
        Assert.Equal("", output.ToString());
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("presets")]
    [InlineData("presets digits")]
    [InlineData("data info")]
    [InlineData("data info digits --json")]
    [InlineData("evaluate RUN --limit 2 --importance-samples 1 --threads 1")]
    [InlineData("evaluate RUN --limit 2 --importance-samples 1 --threads 1 --json")]
    [InlineData("sample RUN --count 1 --threads 1 --out FOLDER/a.png")]
    public void Results_that_cannot_be_written_are_an_ordinary_error(string command)
    {
        Assert.SkipUnless(File.Exists(Full), "There is no device that is always full.");
        using var full = Unbuffered(Full);
        using var errors = new StringWriter();
        RequireNoResults(SereCommand.Run(Arguments(command), full, errors, TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData(">&-", "evaluate RUN --limit 2 --importance-samples 1 --threads 1 --json")]
    [InlineData(">&-", "--help")]
    [InlineData(">/dev/full", "presets")]
    public void A_process_whose_results_cannot_be_written_ends_with_an_error(string redirection, string command)
    {
        Assert.SkipUnless(File.Exists(Full), "There is no device that is always full.");
        RequireNoResults(BuiltProgram.Sere.RunInShell($"\"$@\" {redirection}", Arguments(command)));
    }

    [Theory]
    [InlineData("", 1, "sample RUN --count 50 --threads 1 --out FOLDER/a.png", "a.png' cannot be written because it would grow")]
    [InlineData("", 1, "encode RUN --input IMAGES --threads 1 --out FOLDER/a.npy", "a.npy' cannot be written because it would grow")]
    [InlineData("", 1, "presets digits", "Standard output takes no results (its file may not grow any more)")]
    [InlineData("trap '' XFSZ; ", 1, "presets digits", "Standard output takes no results (its file may not grow any more)")]
    [InlineData("", 1, "TRAIN --run FOLDER/run", "config.json' cannot be written because it would grow")]
    [InlineData("trap '' XFSZ; ", 100, "TRAIN --run FOLDER/run", "Once that is mended, go on with:")]
    public void A_file_that_would_grow_beyond_its_limit_is_named(string signal, int blocks, string command, string part)
    {
        // The runtime's own files, of a size that no limit allows, are left out.
        string limited = $"ulimit -f {blocks}; DOTNET_EnableWriteXorExecute=0 \"$@\" > '{_folder.File("out")}'";
        var result = BuiltProgram.Sere.RunInShell(signal + limited, Arguments(command));
        Assert.Contains(part, result.Error.Split('\n')[^2]);
        Assert.Equal(1, result.ExitCode);
    }

    [Fact]
    public void Who_reads_only_the_first_results_ends_the_command_quietly()
    {
        var result = BuiltProgram.Sere.RunInShell("{ \"$@\"; echo $? >&2; } | head -n 1", "presets", "digits");
        Assert.Equal((0, "{\n", "0\n"), (result.ExitCode, result.Output, result.Error));
    }

    [Fact]
    public void Names_from_outside_do_not_act_on_the_terminal()
    {
        string images = _folder.File($"images{Escape}");
        TrainedRun.WriteDigits(images, 3);
        File.Move(Path.Combine(images, "000.png"), Path.Combine(images, $"{Escape}.png"));
        File.WriteAllText(Path.Combine(images, $"note{Escape}.png"), "no image");
        string config = _folder.File($"{Escape}.json");
        File.WriteAllText(config, $$"""{ "name": "a", "description\u001b[31m": "" }""");
        foreach (string[] command in (string[][])
            [
                ["evaluate", $"no{Escape}\nerror: run"],
                ["train", "--config", config],
                ["train", "--preset", Escape],
                ["train", "--set", $"{Escape}=1"],
                [Escape],
                ["presets", $"--{Escape}"],
                ["data", "info", Escape],
                ["compare", "--suite", Escape],
                ["score", _run.Root, "--input", images, "--out", _folder.File("a.csv")],
                ["sample", _run.Root, "--count", "1", "--out", _folder.File($"{Escape}.png")],
                ["train", "--verbose", "--dataset", "npy:" + Escape],
            ])
        {
            var result = SereCommand.Run(command);
            Assert.DoesNotContain(result.Output + result.Error, letter => letter != '\n' && (char.IsControl(letter) || letter == '\u202e'));
            Assert.True(command.Contains("--verbose") || (result.Output + result.Error).Count(letter => letter == '\n') == 1, result.Error);
        }
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("presets")]
    [InlineData("TRAIN")]
    public void A_terminal_of_one_column_is_written_to_all_the_same(string command)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "There is no way to make a terminal.");
        string[] arguments = command is "TRAIN"
            ? _run.Command("--run", _folder.File("run"), "--set", "dataset.validationImages=11")
            : [command];

        // script takes one text, and of these arguments none has a space.
        var result = BuiltProgram.Sere.RunInShell("script -qec \"stty cols 1; TERM=xterm $*\" /dev/null", arguments);
        Assert.DoesNotContain("unexpected", result.Output + result.Error);
        Assert.Equal(0, result.ExitCode);
    }

    private static StreamWriter Unbuffered(string path) =>
        new(new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, 0)) { AutoFlush = true };

    private static void RequireNoResults(ProgramResult result)
    {
        Assert.StartsWith("error: Standard output takes no results", result.Error.Split('\n')[^2]);
        Assert.DoesNotContain("unexpected", result.Error);
        Assert.Equal(1, result.ExitCode);
    }

    private string[] Arguments(string command) =>
    [
        .. command.Split(' ').SelectMany(part => part is "TRAIN" ? _run.Command() : [part]).Select(part => part
            .Replace("RUN", _run.Root, StringComparison.Ordinal)
            .Replace("IMAGES", _run.ImageFolder, StringComparison.Ordinal)
            .Replace("FOLDER", _folder.Path, StringComparison.Ordinal)),
    ];
}
