using Sere.Data;
using Sere.Runs;
using Sere.Storage;
using Sere.Tests.Data;
using SkiaSharp;
using Xunit;

namespace Sere.Tests.Cli;

/// <summary>Training on images and vectors of one's own.</summary>
public sealed class OwnDataTests : FolderTests
{
    private string Run => _folder.File("run");

    [Fact]
    public void Images_of_other_sizes_and_colours_are_refused_unless_they_are_resized_and_made_grey()
    {
        for (int i = 0; i < 20; i++)
        {
            int size = 12 + (i % 2);
            _folder.Write($"images/{i:D2}.png", Pictures.Encode(size, size, (x, y) => new SKColor((byte)(x * 20), (byte)(y * 20), (byte)i)));
        }

        Train("images:images").Refused(1, $"'{_folder.File("images/01.png")}'", "--resize");
        Train("images:images", "--resize", "8").Refused(2, "--resize", "'8'");
        Train("images:images", "--resize", "10x9", "--gray").Done();
        DatasetChoice dataset = Dataset();
        Assert.Equal(new ImageShape(1, 10, 9), dataset.Shape);
        Assert.Equal((true, new ImageSize(10, 9)), (dataset.Gray, dataset.Resize));
    }

    [Fact]
    public void Real_vectors_are_modelled_by_a_gaussian_and_bytes_are_not_scored_by_it()
    {
        float[] values = [.. Enumerable.Range(0, 600).Select(i => (float)Math.Sin(i) * 3)];
        NpyFile.Write(_folder.File("vectors.npy"), new NpyArray(values, 50, 12));
        string[] gaussian = ["--set", "dataset.binarization=none", "--set", "model.data.kind=gaussian"];
        Train("npy:vectors.npy").Refused(2, "dataset.binarization=none", "model.data.kind=gaussian");
        Train("npy:vectors.npy", [.. gaussian, "--set", "model.layers=7"]).Refused(2, "12 dimensions", "model.layers to 6");
        Train("npy:vectors.npy", gaussian).Done();
        Assert.True(Dataset().Range is { Low: < -2.9 and >= -3, High: > 2.9 and <= 3 });
        Score("vectors.npy").Done();
        Assert.Contains(",none,", File.ReadAllLines(_folder.File("scores.csv"))[^1]);
        NpyFile.Write(_folder.File("whole.npy"), new NpyArray(new float[24], 2, 12));
        Score("whole.npy").Done();
        NpyFile.Write(_folder.File("bytes.npy"), new NpyArray(new byte[24], 2, 12));
        Score("bytes.npy").Refused(1, "real values", "bytes");
    }

    [Fact]
    public void Training_and_test_images_of_an_archive_stay_apart()
    {
        byte[] train = [.. Enumerable.Range(0, 30 * 64).Select(i => (byte)i)];
        byte[] test = [.. Enumerable.Range(0, 3 * 64).Select(i => (byte)(7 * i))];
        NpzFile.Write(
            _folder.File("own.npz"),
            [("x_train", new NpyArray(train, 30, 8, 8)), ("x_test", new NpyArray(test, 3, 8, 8))]);
        NpzFile.Write(
            _folder.File("few.npz"),
            [("train", new NpyArray(train[..(9 * 64)], 9, 8, 8)), ("test", new NpyArray(test, 3, 8, 8))]);
        Train("npy:few.npz").Refused(1, "holds 9 images", "at least 10");
        Train("npy:own.npz").Done();
        DatasetSplits splits = RunDataset.LoadTrainedOn(new RunFolder(Run).ReadConfiguration());
        Assert.Equal(test, splits.Test.Pixels);
        Assert.Equal((27, 3), (splits.Train.Count, splits.Validation.Count));
    }

    [Fact]
    public void A_run_on_own_images_is_named_after_them_and_not_after_the_data_of_the_preset()
    {
        TrainedRun.WriteDigits(_folder.File("good parts/"), 20);
        string[] command = ["train", "--dataset", "images:good parts/", .. TrainedRun.Settings, "--set", "training.epochs=1"];
        string output = BuiltProgram.Sere.RunIn(_folder.Path, command).Done().Output;
        Assert.EndsWith(Path.Combine("runs", "digits-good-parts", "report.md") + "\n", output);
        string report = File.ReadAllText(_folder.File("runs/digits-good-parts/report.md"));
        Assert.StartsWith($"# digits-good-parts\n\nThe configuration digits with the data set images:{_folder.File("good parts")}", report);
        Assert.DoesNotContain("built-in", report);
        BuiltProgram.Sere.RunIn(_folder.Path, [.. command, "--resume"]).Done();
        Assert.Equal(["digits-good-parts"], Directory.GetDirectories(_folder.File("runs")).Select(Path.GetFileName));
    }

    [Fact]
    public void A_run_is_neither_resumed_nor_evaluated_on_images_that_have_changed()
    {
        TrainedRun.WriteDigits(_folder.File("images"), 20);
        Train("images:images").Done();
        _folder.Write("images/020.png", Pictures.Grey(28, 28, 7));
        Evaluate().Refused(1, "'images:", "changed, added or removed");
        string error = SereCommand.Run("train", "--run", Run, "--resume", "--threads", "1").Error;
        Assert.Contains("changed, added or removed", error);
        File.Delete(_folder.File("images/020.png"));
        Evaluate().Done();
    }

    [Fact]
    public void The_images_of_a_run_may_move_and_their_digest_decides()
    {
        TrainedRun.WriteDigits(_folder.File("images"), 20);
        Train("images:images/").Done();
        Directory.Move(_folder.File("images"), _folder.File("elsewhere"));
        TrainedRun.WriteDigits(_folder.File("others"), 21);
        string others = "images:" + _folder.File("others");
        string elsewhere = "images:" + _folder.File("elsewhere/");
        foreach (string[] command in (string[][])
            [
                ["evaluate", Run, "--importance-samples", "2"],
                ["reconstruct", Run, "--count", "2", "--out", _folder.File("a.png")],
                ["sample", Run, "--interpolate", "0", "1", "--out", _folder.File("b.png")],
            ])
        {
            string[] moved = [.. command, "--threads", "1", "--dataset"];
            SereCommand.Run(moved[..^1]).Refused(1, $"'{_folder.File("images")}'", "--dataset");
            SereCommand.Run([.. moved, others]).Refused(1, "changed, added or removed");
            SereCommand.Run([.. moved, elsewhere]).Done();
        }

        Assert.Contains("no percentiles", Score("others").Done().Error);
        Assert.DoesNotContain("no percentiles", Score("others", "--dataset", elsewhere).Done().Error);
        string[] resume = ["train", "--run", Run, "--resume", "--threads", "1", "--dataset"];
        SereCommand.Run([.. resume, others]).Refused(1, "changed, added or removed");
        SereCommand.Run([.. resume, elsewhere]).Done();
        Train("images:elsewhere", "--resume").Done();
        Assert.Equal("images:" + _folder.File("images"), Dataset().Name);
    }

    [Fact]
    public void A_run_keeps_the_scale_of_its_data_so_that_an_image_has_one_score_alone_and_beside_others()
    {
        byte[] grey = DigitsGenerator.GenerateTest(count: 20).Pixels;
        NpyFile.Write(_folder.File("grey.npy"), new NpyArray(grey, 20, 28, 28));
        byte[] dark = [.. grey[..784].Select(value => (byte)(value > 99 ? 1 : 0))];
        NpyFile.Write(_folder.File("dark.npy"), new NpyArray(dark, 1, 28, 28));
        NpyFile.Write(_folder.File("both.npy"), new NpyArray([.. dark, .. grey[..784]], 2, 28, 28));
        Train("npy:grey.npy").Done();
        Assert.Equal(ValueScale.Bytes, Dataset().Scale);
        string[] alone = Score("dark.npy", out string warning);
        Assert.Equal(alone[1], Score("both.npy", out string none)[1]);
        Assert.Contains("all 0 or 1", warning);
        Assert.DoesNotContain("all 0 or 1", none);

        Directory.Delete(Run, recursive: true);
        NpyFile.Write(_folder.File("binary.npy"), new NpyArray([.. grey.Select(value => (byte)(value > 99 ? 1 : 0))], 20, 28, 28));
        Train("npy:binary.npy").Done();
        Assert.Equal(ValueScale.Binary, Dataset().Scale);
        Score("dark.npy", out _);
        Score("grey.npy").Refused(1, "grey.npy' holds the value", "dataset.scale is binary");
        // A run of a time when runs did not say it: the values of an array decided.
        string path = _folder.File("run/config.json");
        File.WriteAllText(path, File.ReadAllText(path).Replace("\"scale\": \"binary\"", "\"scale\": null", StringComparison.Ordinal));
        Score("dark.npy", out _);
        Evaluate().Done();
    }

    [Fact]
    public void A_run_is_not_written_among_the_images_that_it_is_trained_on()
    {
        string images = _folder.File("images");
        TrainedRun.WriteDigits(images, 20);
        string[] files = Directory.GetFileSystemEntries(images);
        SereCommand.Run("train", "--dataset", $"images:{images}/", "--run", images).Refused(2, "is the folder of the images", "--run");
        SereCommand.Run(["train", "--set", $"dataset.name=images:{images}", "--run", $"{images}/.", .. TrainedRun.Settings])
            .Refused(2, "is the folder of the images", "--run");
        Assert.Equal(files, Directory.GetFileSystemEntries(images));
    }

    private string[] Score(string input, out string messages)
    {
        messages = Score(input).Done().Error;
        return File.ReadAllLines(_folder.File("scores.csv"));
    }

    private ProgramResult Score(string input, params string[] options) => SereCommand.Run(
        [
            "score", Run, "--input", _folder.File(input), "--out", _folder.File("scores.csv"),
            "--importance-samples", "2", "--threads", "1", .. options,
        ]);

    private ProgramResult Evaluate() =>
        SereCommand.Run("evaluate", Run, "--importance-samples", "2", "--threads", "1");

    private ProgramResult Train(string dataset, params string[] options) => SereCommand.Run(
        [
            "train", "--preset", "digits", "--dataset", dataset.Replace(":", $":{_folder.Path}/", StringComparison.Ordinal), "--run", Run,
            .. TrainedRun.Settings, .. options,
        ]);

    private DatasetChoice Dataset() => new RunFolder(Run).ReadConfiguration().Dataset;
}
