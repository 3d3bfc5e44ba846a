using System.Diagnostics;
using System.Reflection;
using Sere.Data;
using Sere.Data.Downloads;
using Sere.Runs;
using Sere.Runs.Comparison;
using Sere.Runs.Configuration;
using Sere.Storage;
using Sere.Tests.Training;
using Xunit;

namespace Sere.Tests.Runs;

/// <summary>
/// Folders that a stranger made: links in them are not followed, and pipes do not keep anybody waiting. Shown to fail with
/// <c>LinkFreePath.Below</c> returning every path, and with files opened by <c>File.OpenRead</c>.
/// </summary>
public sealed class LinkedFolderTests : FolderTests
{
    private static readonly DatasetSplits Images = new(
        "light and dark", TinyExperiment.Images(24), TinyExperiment.Images(8), TinyExperiment.Images(4));

    public LinkedFolderTests() =>
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Links need a privilege on Windows, and folders have no pipes there.");

    [Theory]
    [InlineData(typeof(RunFolder))]
    [InlineData(typeof(ComparisonFolder))]
    public void Every_place_in_a_folder_is_refused_while_it_is_a_link(Type type)
    {
        object folder = Activator.CreateInstance(type, _folder.Path)!;
        PropertyInfo[] places =
        [
            .. type.GetProperties().Where(property => property.PropertyType == typeof(string) && property.Name != "Root"),
        ];
        Assert.InRange(places.Length, 9, 20);
        foreach (var place in places)
        {
            string path = (string)place.GetValue(folder)!;
            File.CreateSymbolicLink(path, _folder.File("nowhere"));
            var error = Assert.Throws<TargetInvocationException>(() => place.GetValue(folder)).InnerException;
            Assert.Contains($"'{path}' is a link", Assert.IsType<SereException>(error).Message, StringComparison.Ordinal);
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("rows")]
    [InlineData("rows/a")]
    [InlineData("rows/a/result.json")]
    [InlineData("rows/a/per-image.csv")]
    public void A_row_behind_a_link_is_refused(string name)
    {
        var comparison = new ComparisonFolder(_folder.File("comparison"));
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(comparison.Root, name))!);
        Directory.CreateSymbolicLink(Path.Combine(comparison.Root, name), _folder.Path);
        string[] messages = [.. new[] { comparison.Result, comparison.PerImage }
            .Select(place => (Record.Exception(() => place("a")) as SereException)?.Message ?? "")];
        Assert.Contains(messages, message => message.Contains("is a link", StringComparison.Ordinal));
    }

    [Fact]
    public void A_run_follows_no_link_in_its_folder_to_whatever_it_left()
    {
        string first = _folder.File("first");
        Run(first, _ => { });
        string[] names =
        [
            .. Directory.EnumerateFileSystemEntries(first, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetRelativePath(first, path)),
        ];
        Assert.Empty(
            ((string[])
            [
                "config.json", "command.txt", "metrics.jsonl", "report.md", "samples.png", "checkpoints", "tensorboard",
                Path.Combine("checkpoints", "best.safetensors"), "held-out-scores-2.json",
            ]).Except(names));
        foreach (string name in names)
        {
            string root = _folder.File("root");
            string outside = _folder.File("outside");
            Copy(first, root);

            // So that there is an epoch left to train.
            foreach (string newest in Directory.GetFiles(Path.Combine(root, "checkpoints"), "step-000000006.*"))
            {
                File.Delete(newest);
            }

            string place = Path.Combine(root, name);
            if (Path.Exists(place))
            {
                Directory.Move(place, outside);
                File.CreateSymbolicLink(place, outside);
                string before = Content(outside);
                var messages = new List<string>();
                string? refusal = Record.Exception(() => Run(root, messages.Add))?.Message;
                Assert.Equal(before, Content(outside));
                if (!name.StartsWith("tensorboard" + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                {
                    // An older session's events are neither read nor written.
                    Assert.Contains([.. messages, refusal ?? ""], message => message.Contains("is a link", StringComparison.Ordinal));
                }

                File.Delete(place);
            }

            Directory.Delete(root, recursive: true);
            if (Directory.Exists(outside))
            {
                Directory.Delete(outside, recursive: true);
            }

            File.Delete(outside);
        }
    }

    [Fact]
    public void The_folder_that_the_user_named_may_be_a_link()
    {
        Directory.CreateDirectory(_folder.File("disk"));
        Directory.CreateSymbolicLink(_folder.File("run"), _folder.File("disk"));
        Run(_folder.File("run"), Assert.Fail);
        Assert.True(File.Exists(_folder.File("disk/report.md")));
    }

    [Fact]
    public void A_download_does_not_go_on_behind_a_link()
    {
        File.WriteAllText(_folder.File("mine"), "mine");
        string data = _folder.File("data");
        Directory.CreateDirectory(data);
        File.CreateSymbolicLink(Path.Combine(data, "a.part"), _folder.File("mine"));
        File.CreateSymbolicLink(Path.Combine(data, "fetch.lock"), _folder.File("new"));
        Assert.Contains("is a link", Assert.Throws<SereException>(() => new PartFile(data, "a").Open(0)).Message);
        Assert.Contains(
            "is a link",
            Assert.Throws<SereException>(() => FolderLock.Take(data, "fetch.lock", _ => new SereException("held"))).Message);
        Assert.Equal("mine", File.ReadAllText(_folder.File("mine")));
        Assert.False(File.Exists(_folder.File("new")));
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("command.txt")]
    [InlineData("metrics.jsonl")]
    [InlineData("held-out-scores-2.json")]
    public async Task A_pipe_in_a_run_folder_keeps_nobody_waiting(string name)
    {
        string root = _folder.File("run");
        Run(root, _ => { });
        MakePipe(Path.Combine(root, name));
        string? message = await Ended(() => Run(root, _ => { }));
        Assert.Contains("pipe", message ?? "pipe", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("suite.json")]
    [InlineData("rows/a/result.json")]
    [InlineData("rows/a/per-image.csv")]
    public async Task A_pipe_in_a_comparison_keeps_nobody_waiting(string name)
    {
        var folder = new ComparisonFolder(_folder.File("comparison"));
        folder.Run("a").CreateRoot();
        MakePipe(Path.Combine(folder.Root, name));
        string? message = await Ended(() =>
        {
            RowResult.Read(folder, "a", warning => throw new SereException(warning));
            PerImageFigures.Read(folder.PerImage("a"));
        });
        Assert.NotNull(message);
        message = name.StartsWith("rows", StringComparison.Ordinal) ? message : await Ended(() => folder.Open([], command: null));
        Assert.Contains("a pipe or a device", message, StringComparison.Ordinal);
    }

    /// <summary>Starts a run of two epochs, or goes on with it.</summary>
    private static void Run(string root, Action<string> warn)
    {
        var folder = new RunFolder(root);
        var observer = new RecordingRun();
        try
        {
            using var run = folder.HoldsRun
                ? TrainingRun.Resume(folder, folder.ReadConfiguration(), Images, observer)
                : TrainingRun.Start(
                    ConfigurationOverrides.Apply(
                        TinyExperiment.Configuration,
                        ["training.epochs=2", "training.checkpoints.everyEpochs=1", "evaluation.importanceSamples=2"]),
                    Images,
                    folder,
                    "sere train",
                    observer);
            run.Execute(TestContext.Current.CancellationToken);
        }
        finally
        {
            observer.Warnings.Where(warning => !warning.StartsWith("Only ", StringComparison.Ordinal)).ToList().ForEach(warn);
        }
    }

    private static async Task<string?> Ended(Action action)
    {
        var task = Task.Run(() => Record.Exception(action), TestContext.Current.CancellationToken);
        var error = await task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        Assert.True(error is null or SereException, $"{error}");
        return error?.Message;
    }

    private static void MakePipe(string path)
    {
        File.Delete(path);
        using var maker = Process.Start("mkfifo", [path]);
        maker.WaitForExit();
        Assert.Equal(0, maker.ExitCode);
    }

    private static void Copy(string source, string target)
    {
        Directory.CreateDirectory(target);
        foreach (string path in Directory.GetDirectories(source))
        {
            Copy(path, Path.Combine(target, Path.GetFileName(path)));
        }

        foreach (string path in Directory.GetFiles(source))
        {
            File.Copy(path, Path.Combine(target, Path.GetFileName(path)));
        }
    }

    /// <summary>All names, times and bytes.</summary>
    private static string Content(string path) => string.Join('\n', (Directory.Exists(path)
        ? Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        : (IEnumerable<string>)[path]).Select(file =>
            $"{file} {File.GetLastWriteTimeUtc(file):O} {Convert.ToBase64String(File.ReadAllBytes(file))}"));
}
