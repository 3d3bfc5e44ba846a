using Sere.Data;
using Sere.Runs;
using SkiaSharp;
using Xunit;
using DataPictures = Sere.Tests.Data.Pictures;

namespace Sere.Tests.Runs;

public sealed class PresetByImagesTests : FolderTests
{
    private static readonly Lazy<PresetByImages> Parts = new(() => PresetByImages.Choose("parts")!);
    private static readonly Lazy<DatasetSplits> PartsSplits = new(() => DatasetCatalog.Load("parts", null, 1000, 1));

    [Theory]
    [InlineData("digits", "digits", "black and white; preset digits (Bernoulli)")]
    [InlineData("parts", "grey", "grey levels; preset grey (logistic mixture)")]
    [InlineData("parts-colour", "colour", "colour levels; preset colour (logistic mixture)")]
    public void A_data_set_gets_the_preset_of_its_kind(string dataset, string name, string found)
    {
        var chosen = dataset == "parts" ? Parts.Value : PresetByImages.Choose(dataset)!;
        Assert.Equal(name, chosen.Configuration.Name);
        Assert.Equal(dataset, chosen.Configuration.Dataset.Name);
        Assert.Contains(found, chosen.Sentence);
    }

    [Fact]
    public void Points_are_no_images() => Assert.Null(PresetByImages.Choose("two-moons"));

    [Theory]
    [InlineData(8, 8, null)]
    [InlineData(64, 48, null)]
    [InlineData(33, 21, "20x32")]
    [InlineData(400, 200, "64x128")]
    public void Photographs_of_any_size_get_a_model_that_can_be_built(int width, int height, string? brought)
    {
        for (int i = 0; i < 10; i++)
        {
            _folder.Write($"photos/{i}.png", Photograph(width, height, i));
        }

        var chosen = PresetByImages.Choose($"images:{_folder.File("photos")}")!;
        Assert.StartsWith($"10 images, {width}x{height}", chosen.Sentence, StringComparison.Ordinal);
        Assert.Contains("preset colour", chosen.Sentence);
        var size = chosen.Configuration.Dataset.Resize;
        Assert.Equal(brought, size is { } to ? $"{to.Height}x{to.Width}" : null);
        var shape = size is { } resized
            ? new ImageShape(3, resized.Height, resized.Width)
            : new ImageShape(3, height, width);
        using var model = chosen.Configuration.Model.Build(shape, seed: 1);
        Assert.Equal(shape.Dimensions, model.Dimensions);
    }

    [Fact]
    public void Photographs_of_several_sizes_are_brought_to_that_of_the_middle_one()
    {
        foreach (var (width, height, index) in new[] { (40, 30, 0), (60, 44, 1), (100, 80, 2) })
        {
            for (int i = 0; i < 5; i++)
            {
                _folder.Write($"photos/{index}{i}.png", Photograph(width, height, i));
            }
        }

        var chosen = PresetByImages.Choose($"images:{_folder.File("photos")}")!;
        Assert.Contains("15 images, 3 sizes brought to 60x44", chosen.Sentence);
    }

    [Fact]
    public void Pictures_that_cannot_be_read_are_named_together()
    {
        for (int i = 0; i < 12; i++)
        {
            _folder.Write($"photos/{i:D2}.png", i is 3 or 7 ? [1, 2, 3] : Photograph(16, 16, i));
        }

        string message = Assert.Throws<SereException>(() => PresetByImages.Choose($"images:{_folder.File("photos")}")).Message;
        Assert.StartsWith("2 of the 12 images", message, StringComparison.Ordinal);
        _folder.Write("broken/a.png", [1, 2, 3]);
        Assert.Contains(
            "a.png' is damaged", Assert.Throws<SereException>(() => PresetByImages.Choose($"images:{_folder.File("broken")}")).Message);
    }

    [Fact]
    public void Few_images_are_seen_often()
    {
        var training = Parts.Value.Configuration.Training;
        Assert.InRange(training.Epochs * PartsSplits.Value.Train.Count, 15_000, 15_500);
    }

    [Fact]
    public void The_sentence_counts_what_is_trained_on_and_what_is_held_out()
    {
        var splits = PartsSplits.Value;
        Assert.Contains(
            $"{splits.Train.Count} to train, {splits.Validation.Count + splits.Test.Count} held out.", Parts.Value.Sentence);
    }

    [Fact]
    public void What_was_read_to_choose_serves_a_run_that_asks_for_the_same_images_alone()
    {
        for (int i = 0; i < 20; i++)
        {
            _folder.Write($"photos/{i:D2}.png", Photograph(30, 20, i));
        }

        var chosen = PresetByImages.Choose($"images:{_folder.File("photos")}")!;
        var asked = chosen.Configuration;
        Assert.Equal(RunDataset.Load(asked).Digest(), chosen.ReadFor(asked)!.Digest());
        Assert.NotNull(chosen.ReadFor(asked with { Dataset = asked.Dataset with { HorizontalFlips = true } }));
        Assert.Null(chosen.ReadFor(asked with { Dataset = asked.Dataset with { ValidationImages = 1 } }));
        Assert.Null(chosen.ReadFor(asked with { Dataset = asked.Dataset with { Gray = true } }));
    }

    [Fact]
    public void Photographs_given_to_a_model_of_black_and_white_are_remarked_upon()
    {
        for (int i = 0; i < 10; i++)
        {
            _folder.Write($"photos/{i}.png", Photograph(16, 16, i));
            _folder.Write($"pens/{i}.png", DataPictures.Encode(16, 16, (x, y) => DataPictures.Level((byte)(x == y + (i % 3) ? 255 : 0))));
        }

        string[] Remarks(string folder)
        {
            var configuration = Sere.Runs.Configuration.Presets.Load("digits");
            configuration = configuration with
            {
                Dataset = configuration.Dataset with { Name = $"images:{_folder.File(folder)}" },
            };
            return [.. DataRemarks.Of(configuration, RunDataset.Load(configuration))];
        }

        Assert.Contains(Remarks("photos"), remark => remark.Contains("--preset colour", StringComparison.Ordinal));
        Assert.Empty(Remarks("pens"));
    }

    private static byte[] Photograph(int width, int height, int seed) => DataPictures.Encode(width, height, (x, y) => new SKColor(
        (byte)(60 + ((7 * x) % 90) + seed), (byte)(80 + ((5 * y) % 70)), (byte)(100 + ((x + y) % 50))));
}
