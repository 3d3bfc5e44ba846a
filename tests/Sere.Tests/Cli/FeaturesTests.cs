using Sere.Data;
using Sere.Features;
using Sere.Runs;
using Sere.Tests.Data;
using Xunit;

namespace Sere.Tests.Cli;

/// <summary>Training on features of images and scoring by them.</summary>
public sealed class FeaturesTests : FolderTests
{
    [Fact]
    public void A_model_of_features_is_trained_and_scores_images_of_any_size()
    {
        for (int i = 0; i < 12; i++)
        {
            _folder.Write($"images/{i:D2}.png", Pictures.Grey(12 + (i % 2), 12, (byte)(9 * i)));
        }

        string[] train =
        [
            "train", "--dataset", "images:" + _folder.File("images"), "--features", "resnet18",
            "--run", _folder.File("run"), "--epochs", "1", "--threads", "1",
        ];
        SereCommand.Run([.. train, "--resize", "8x8"]).Refused(2, "dataset.resize", "any size");
        SereCommand.Run([.. train, "--preset", "digits"]).Refused(2, "dataset.features", "dataset.binarization");
        BuiltProgram.Sere.Run(train).Done();
        var dataset = new RunFolder(_folder.File("run")).ReadConfiguration().Dataset;
        Assert.Equal((ImageFeatures.Resnet18, new ImageShape(1, 1, 512)), (dataset.Features, dataset.Shape));
        Assert.Equal(Scores("images")[4], Scores("images/04.png")[0]);
    }

    [Fact]
    public void Vectors_are_the_pooled_features_rotated()
    {
        var image = new ImageSet(new ImageShape(1, 16, 16), [.. Enumerable.Range(0, 256).Select(i => (byte)i)]);
        using var network = new ResNet18(threads: 1);
        using var features = new ResNet18Features();
        float[] pooled = network.Extract(
            image, [ResNet18Layer.Pooled], cancellation: TestContext.Current.CancellationToken)[0].Values;
        float[] vector = features.Extract(image, cancellation: TestContext.Current.CancellationToken).Values;
        for (int i = 0; i < 512; i += 37)
        {
            double mixture = pooled.Select((value, j) => (int.PopCount(i & j) % 2 == 0 ? 1 : -1) * (double)value).Sum() / Math.Sqrt(512);
            Assert.Equal(mixture, vector[i], 1e-4);
        }
    }

    private string[] Scores(string input)
    {
        SereCommand.Run(
            "score", _folder.File("run"), "--input", _folder.File(input), "--out", _folder.File("scores.csv"), "--threads", "1").Done();
        return File.ReadAllLines(_folder.File("scores.csv"))[1..];
    }
}
