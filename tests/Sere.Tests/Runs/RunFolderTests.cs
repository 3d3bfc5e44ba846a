using Sere.Data;
using Sere.Runs;
using Sere.Runs.Configuration;
using Sere.Tests.Training;
using Xunit;

namespace Sere.Tests.Runs;

public sealed class RunFolderTests : FolderTests
{
    [Fact]
    public void The_first_free_name_is_taken()
    {
        Assert.Equal(_folder.File("digits"), RunFolder.Unused(_folder.Path, "digits").Root);
        RunFolder.Unused(_folder.Path, "digits").Create();
        Assert.Equal(_folder.File("digits-2"), RunFolder.Unused(_folder.Path, "digits").Root);
        File.WriteAllText(_folder.File("digits-2"), "A file is in the way as well.");
        Assert.Equal(_folder.File("digits-3"), RunFolder.Unused(_folder.Path, "digits").Root);
        Assert.Equal(_folder.File("mnist"), RunFolder.Unused(_folder.Path, "mnist").Root);
    }

    [Fact]
    public void A_folder_without_a_configuration_is_no_run()
    {
        var folder = new RunFolder(_folder.File("empty"));
        folder.Create();
        Assert.False(folder.HoldsRun);
        string message = Assert.Throws<SereException>(() => RunFolder.Existing(folder.Root)).Message;
        Assert.Contains($"'{folder.Root}'", message);
        File.WriteAllText(folder.Configuration, "{}");
        Assert.True(RunFolder.Existing(folder.Root).HoldsRun);
    }

    [Fact]
    public void A_damaged_configuration_is_a_failure_and_not_wrong_usage()
    {
        var folder = new RunFolder(_folder.Path);
        var configuration = new ExperimentConfiguration { Name = "mine" };
        File.WriteAllText(folder.Configuration, ConfigurationFile.ToJson(configuration));
        Assert.Equal(configuration, folder.ReadConfiguration());
        File.WriteAllText(folder.Configuration, "{ \"epochs\": 3 }");
        var error = Assert.ThrowsAny<SereException>(folder.ReadConfiguration);
        Assert.IsNotType<UsageException>(error);
        Assert.Contains(folder.Configuration, error.Message);
        Assert.Contains("\"epochs\"", error.Message);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_named()
    {
        File.WriteAllText(_folder.File("file"), "");
        string path = Path.Combine(_folder.File("file"), "run");
        Assert.Contains($"'{path}'", Assert.Throws<SereException>(new RunFolder(path).Create).Message);
    }

    [Fact]
    public void A_claimed_folder_is_refused_until_it_is_free_again()
    {
        var folder = new RunFolder(_folder.File("claimed"));
        using (folder.Claim())
        {
            string message = Assert.Throws<RunFolderTakenException>(() => new RunFolder(folder.Root).Claim()).Message;
            Assert.Contains("Another process is training in", message);
            Assert.Contains(folder.Root, message);
        }

        folder.Claim().Dispose();
    }

    [Fact]
    public void All_who_claim_a_folder_hold_one_and_the_same_file()
    {
        // One that had opened another file would hold it beside them.
        var folder = new RunFolder(_folder.File("handed-on"));
        using (var first = folder.Claim())
        {
            first.WriteByte(7);
        }

        using var second = folder.Claim();
        Assert.Equal(7, second.ReadByte());
    }

    [Fact]
    public void A_folder_with_checkpoints_of_another_run_is_no_place_for_a_new_one()
    {
        var folder = new RunFolder(_folder.File("used"));
        folder.Create();
        folder.RequireNoRun();
        File.WriteAllText(Path.Combine(folder.Checkpoints, "best.safetensors"), "");
        Assert.Contains("holds a run already", Assert.Throws<UsageException>(folder.RequireNoRun).Message);
    }

    [Fact]
    public void A_folder_with_files_of_the_names_that_a_run_writes_is_no_place_for_one()
    {
        var whole = new RunFolder(_folder.File("whole"));
        using (var run = TrainingRun.Start(
            ConfigurationOverrides.Apply(TinyExperiment.Configuration, ["training.epochs=1", "evaluation.importanceSamples=2"]),
            new DatasetSplits("light and dark", TinyExperiment.Images(24), TinyExperiment.Images(8), TinyExperiment.Images(4)),
            whole,
            "sere train"))
        {
            run.Execute(TestContext.Current.CancellationToken);
        }

        string[] names = [.. Directory.GetFiles(whole.Root).Select(path => Path.GetFileName(path)).Except(["config.json", "run.lock"])];
        Assert.InRange(names.Length, 7, 20);
        var folder = new RunFolder(_folder.File("mine"));
        Directory.CreateDirectory(folder.Root);
        File.WriteAllText(Path.Combine(folder.Root, "log.txt"), "mine");
        folder.RequireNoRun();
        foreach (string name in names)
        {
            string path = Path.Combine(folder.Root, name);
            File.WriteAllText(path, "mine");
            Assert.Contains($"'{name}'", Assert.Throws<UsageException>(folder.RequireNoRun).Message);
            File.Delete(path);
        }
    }

    [Fact]
    public void A_run_that_keeps_no_command_has_an_empty_one()
    {
        var folder = new RunFolder(_folder.File("silent"));
        folder.Create();
        Assert.Equal("", folder.ReadCommand());
    }
}
