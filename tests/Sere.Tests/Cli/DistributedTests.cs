using System.Text.Json;
using System.Text.Json.Nodes;
using Sere.Runs;
using Xunit;

namespace Sere.Tests.Cli;

/// <summary>Several processes under mpirun do what one does; skipped where there is no launcher.</summary>
public sealed class DistributedTests : FolderTests
{
    private static readonly string[] Folders =
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
    private static readonly string[] Figures = ["elbo", "logLikelihoodTerm", "gradientNorm", "validationElbo"];
    private readonly TrainedRun _run;

    public DistributedTests(TrainedRun run)
    {
        _run = run;
    }

    [Fact]
    public void Processes_learn_what_one_learns_and_where_one_is_killed_they_go_on_to_the_same_bits()
    {
        RequireLauncher();
        string one = _folder.File("one");
        string two = _folder.File("two");
        SereCommand.Run(Command(one)).Done();
        using (var program = Start(2, "", Command(two)))
        {
            program.WaitForError("epoch 8/");
            BuiltProgram.Sere.RunInShell($"kill -9 $(cat '{_folder.File("process-1")}')");
            var result = program.Finish();
            Assert.NotEqual(0, result.ExitCode);
            Assert.Matches("error: (Another process|MPI failed)", result.Error);
            Assert.Contains($"Go on with: mpirun -n 2 sere train --run {two} --threads 1 --resume", result.Error);
            Assert.DoesNotContain("   at ", result.Error);
        }

        // They go on from a checkpoint of before, and what they had learned is learned again.
        var folder = new RunFolder(two);
        Assert.False(File.Exists(folder.Report));
        var learned = Lines(two);
        string[] checkpoints = Directory.GetFiles(folder.Checkpoints, "step-*");
        Array.Sort(checkpoints, StringComparer.Ordinal);
        Assert.All(checkpoints[2..], File.Delete);

        Run(2, "", "train", "--run", two, "--threads", "1", "--resume").Done();
        var lines = Lines(two);
        Assert.InRange(learned.Length, 8, lines.Length);
        Assert.All(learned.Zip(lines), pair => Assert.All(Figures, figure => Assert.Equal(
            pair.First[figure]!.GetValue<double>(), pair.Second[figure]!.GetValue<double>())));

        Assert.Equal(Names(one), Names(two));
        Assert.All(Lines(one).Zip(lines, (expected, line) => (expected, line)), pair =>
        {
            Assert.Equal(pair.expected["step"]!.GetValue<long>(), pair.line["step"]!.GetValue<long>());
            Assert.All(Figures, figure => Assert.Equal(
                pair.expected[figure]!.GetValue<double>(), pair.line[figure]!.GetValue<double>(), 0.01));
        });
    }

    [Fact]
    public void Three_processes_give_the_figures_of_one()
    {
        RequireLauncher();
        string one = _folder.File("one.csv");
        string three = _folder.File("three.csv");
        string[] command =
        [
            "evaluate", _run.Root, "--importance-samples", "400", "--threads", "1", "--split", "train", "--json",
            "--per-image",
        ];
        SereCommand.Run([.. command, one]).Done();
        string report = Run(3, "", [.. command, three]).Done().Output;
        Assert.StartsWith("{", report, StringComparison.Ordinal);
        Assert.Equal(File.ReadAllText(one), File.ReadAllText(three));
    }

    [Fact]
    public void Processes_take_the_rows_of_a_comparison_in_turn()
    {
        RequireLauncher();
        string output = _folder.File("out");
        var result = Run(2, "", "compare", "--suite", WriteSuite(), "--threads", "1", "--out", output).Done();
        Assert.Contains("row 1/2: sere\n", result.Error);
        Assert.DoesNotContain("row 2/2: pixels\n", result.Error);
        Assert.Contains("row 2/2: pixels (done)\n", result.Error);
        Assert.Equal(3, File.ReadAllLines(Path.Combine(output, "comparison.csv")).Length);
    }

    [Fact]
    public void Processes_that_would_do_different_things_are_refused()
    {
        RequireLauncher();
        string run = _folder.File("run");
        var result = Run(2, "[ $rank = 1 ] && set -- \"$@\" --seed 7", _run.Command("--run", run));
        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("error: Process 1 of 2 differs from the first one in its configuration", result.Error);
        Assert.False(Directory.Exists(run));
    }

    [Fact]
    public void Without_the_library_a_sentence_names_its_package() =>
        BuiltProgram.Sere.RunInShell(
            "SERE_MPI=/nowhere/libmpi.so \"$@\"", "evaluate", _run.Root, "--distributed")
            .Refused(1, "/nowhere/libmpi.so", "openmpi-bin");

    [Fact]
    public void What_processes_do_not_share_is_refused_and_not_offered()
    {
        BuiltProgram.Sere.RunInShell("PMI_RANK=0 PMI_SIZE=2 \"$@\"", "sample", _run.Root, "--out", _folder.File("samples.png"))
            .Refused(2, "sere sample is no work that processes share");
        SereCommand.Run("sample", _run.Root, "--distributed").Refused(2, "sere sample has no option '--distributed'");
    }

    // Batches of 79 images and of one, of which the first of two processes has none.
    private string[] Command(string run) => _run.Command(
        "--run", run, "--set", "training.epochs=30", "--set", "training.batchSize=79",
        "--set", "training.checkpoints.everyEpochs=5", "--set", "training.checkpoints.kept=100");

    private string WriteSuite()
    {
        string path = _folder.File("suite.json");
        File.WriteAllText(path, JsonSerializer.Serialize(new
        {
            name = "two",
            reference = "sere",
            epochs = 1,
            batchSize = 20,
            evaluation = new { importanceSamples = 5 },
            overrides = (string[])
            [
                "dataset.name=images:" + _run.ImageFolder, "dataset.validationImages=10", "model.layers=3", "latents=2",
                "evidence.network.hidden=[8]", "prior.network.hidden=[4]", "bijector.network.hidden=[4]",
                "data.network.hidden=[8]",
            ],
            rows = (object[])
            [
                new { name = "sere", preset = "digits" },
                new { name = "pixels", baseline = "independent-pixels" },
            ],
        }));
        return path;
    }

    private static void RequireLauncher() => Assert.SkipUnless(
        Array.Exists(Folders, folder => File.Exists(Path.Combine(folder, "mpirun"))),
        "There is no mpirun; install openmpi-bin or mpich.");

    /// <summary>Runs the command in so many processes, each of which leaves its number in the test's folder.</summary>
    private ProgramResult Run(int processes, string line, params string[] arguments)
    {
        using var program = Start(processes, line, arguments);
        return program.Finish();
    }

    private RunningProgram Start(int processes, string line, params string[] arguments) =>
        BuiltProgram.Sere.StartInShell(
            "export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 "
            + "OMPI_MCA_btl=self,vader OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_odls_base_sigkill_timeout=2; "
            + $"exec mpirun -n {processes} sh -c 'rank=${{OMPI_COMM_WORLD_RANK:-$PMI_RANK}}; "
            + $"echo $$ > \"{_folder.Path}/process-$rank\"; {line}\nexec \"$@\"' sh \"$@\"",
            arguments);

    private static string[] Names(string run) =>
        [.. Directory.GetFileSystemEntries(run).Select(Path.GetFileName).Order(StringComparer.Ordinal)!];

    private static JsonNode[] Lines(string run) =>
        [.. File.ReadLines(new RunFolder(run).Metrics).Select(line => JsonNode.Parse(line)!)];
}
