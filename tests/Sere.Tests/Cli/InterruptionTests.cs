using System.Text.Json.Nodes;
using Xunit;

namespace Sere.Tests.Cli;

/// <summary>
/// A run that was stopped ends, once it is resumed, with the same bits as one that never stopped. Shown to fail where
/// what is restored lacks the optimizer's count of updates, the average, or the sums of the epoch under way, and where
/// half-written files stay.
/// </summary>
public sealed class InterruptionTests : FolderTests
{
    private const int Epochs = 40;
    private readonly TrainedRun _run;

    public InterruptionTests(TrainedRun run)
    {
        _run = run;
    }

    [Fact]
    public void A_stopped_run_goes_on_to_the_bits_of_one_that_never_stopped()
    {
        string whole = _folder.File("whole");
        SereCommand.Run(Command(whole)).Done();

        string stopped = _folder.File("stopped");
        using (var program = BuiltProgram.Sere.Start(_folder.Path, Command(stopped)))
        {
            program.WaitForError("epoch 2/");
            program.Kill();
            program.Finish();
        }

        RequireUnfinished(stopped);
        File.WriteAllText(Path.Combine(stopped, "checkpoints", ".sere-0123.tmp"), "half-written");
        if (!OperatingSystem.IsWindows())
        {
            using var program = BuiltProgram.Sere.Start(_folder.Path, Resumption(stopped));
            program.WaitForError("epoch ");
            program.Interrupt();
            RequireAdvice(program.Finish(), stopped);
            RequireUnfinished(stopped);
        }

        SereCommand.Run(Resumption(stopped)).Done();
        RequireEqual(whole, stopped);
    }

    [Theory]
    [InlineData("-HUP")]
    [InlineData("-USR1")]
    [InlineData("-TERM", "-HUP", "-TERM", "-USR1")]
    public void Signals_that_ask_to_stop_save_the_run_however_many_come(params string[] signals)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There are no such signals.");
        string run = _folder.File("signalled");
        using var program = BuiltProgram.Sere.Start(_folder.Path, Command(run));
        program.WaitForError("epoch 3/");
        Array.ForEach(signals, program.Signal);
        RequireAdvice(program.Finish(), run);
        RequireUnfinished(run);

        // The step that the first signal came in, and not the epoch before it.
        Assert.Contains(
            Directory.GetFiles(Path.Combine(run, "checkpoints"), "step-*.json"),
            file => JsonNode.Parse(File.ReadAllText(file))!["progress"]!["epoch"]!.GetValue<int>() >= 3);
        new Sere.Runs.RunFolder(run).Claim().Dispose();
    }

    [Fact]
    public void A_run_that_outlives_its_terminal_by_wish_ignores_that_it_closes()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "There is no nohup.");
        string run = _folder.File("kept");
        string line = $"nohup \"$@\" & while ! test -s '{run}/metrics.jsonl'; do sleep 0.02; done; kill -HUP $!; wait $!";
        BuiltProgram.Sere.RunInShell(line, Command(run)).Done();
        Assert.True(File.Exists(Path.Combine(run, "report.md")));
    }

    [Fact]
    public void A_finished_run_can_be_resumed_and_stays_as_it_was()
    {
        string run = _run.Copy(_folder.File("run"));
        SereCommand.Run("train", "--resume", "--run", run, "--threads", "1").Done();
        RequireEqual(_run.Root, run);
        Assert.Equal(
            File.ReadAllText(Path.Combine(_run.Root, "metrics.jsonl")), File.ReadAllText(Path.Combine(run, "metrics.jsonl")));
    }

    [Fact]
    public void A_run_is_not_resumed_with_other_options()
    {
        SereCommand.Run("train", "--resume", "--run", _run.Root, "--seed", "9")
            .Refused(2, $"'{_run.Root}'", "seed is 1 there and 9 here");
        SereCommand.Run(_run.Command("--resume", "--run", _run.Root, "--set", "model.latents=3"))
            .Refused(2, $"'{_run.Root}'", "model.latents is 2 there and 3 here");
        SereCommand.Run("train", "--resume", "--run", _run.Root, "--preset", "mnist-mlp")
            .Refused(2, $"'{_run.Root}'", "name is \"digits-images\" there and \"mnist-mlp\" here");
    }

    private static void RequireAdvice(ProgramResult result, string run)
    {
        Assert.True(result.ExitCode == 130, $"Exit code {result.ExitCode}: {result.Output} {result.Error}");
        Assert.Equal("", result.Output);
        string[] lines = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal($"Interrupted; go on with: sere train --run {run} --threads 1 --resume", lines[^1]);
        Assert.DoesNotContain("error:", result.Error);
        Assert.DoesNotContain("   at ", result.Error);
    }

    private static void RequireUnfinished(string run)
    {
        Assert.InRange(File.ReadAllLines(Path.Combine(run, "metrics.jsonl")).Length, 1, Epochs - 1);
        Assert.False(File.Exists(Path.Combine(run, "report.md")));
    }

    private static string[] Resumption(string run) => ["train", "--run", run, "--resume", "--threads", "1"];

    private static void RequireEqual(string whole, string resumed)
    {
        string[] names = Names(whole);
        Assert.Equal(names, Names(resumed));
        Assert.Equal(5, names.Length);
        foreach (string name in names.Where(name => name.EndsWith(".safetensors", StringComparison.Ordinal)))
        {
            Assert.True(File.ReadAllBytes(Path.Combine(whole, "checkpoints", name)).AsSpan()
                .SequenceEqual(File.ReadAllBytes(Path.Combine(resumed, "checkpoints", name))), name);
        }

        Assert.Equal(Metrics(whole), Metrics(resumed));
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(whole, "samples.png")), File.ReadAllBytes(Path.Combine(resumed, "samples.png")));
    }

    private static string[] Names(string run) =>
        [.. Directory.GetFiles(Path.Combine(run, "checkpoints")).Select(Path.GetFileName).Order(StringComparer.Ordinal)!];

    /// <summary>The lines without what the clock decides.</summary>
    private static string[] Metrics(string run) =>
    [
        .. File.ReadLines(Path.Combine(run, "metrics.jsonl")).Select(line =>
        {
            JsonObject metrics = JsonNode.Parse(line)!.AsObject();
            Assert.True(metrics.Remove("seconds") && metrics.Remove("imagesPerSecond"));
            return metrics.ToJsonString();
        }),
    ];

    private string[] Command(string run) =>
        _run.Command("--run", run, "--set", $"training.epochs={Epochs}", "--set", "training.averageDecay=0.9");
}
