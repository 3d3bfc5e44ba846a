using Sere.Runs.Pictures;
using Xunit;

namespace Sere.Tests.Runs.Pictures;

public sealed class KlPerLayerPictureTests : IDisposable
{
    private static readonly (int Red, int Green, int Blue) FirstColor = (0x00, 0x72, 0xB2);
    private static readonly (int Red, int Green, int Blue) SecondColor = (0xD5, 0x5E, 0x00);

    private readonly TemporaryFolder _folder = new();

    private string FilePath => _folder.File("kl-per-layer.png");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_bars_are_as_high_as_the_divergences_and_stand_layer_by_layer()
    {
        KlPerLayerPicture.Write(FilePath, [new KlSeries("test", [4, 1, 2])]);
        using var picture = new DecodedPicture(FilePath);
        Assert.Equal((900, 560), picture.Size);
        int[] heights = [.. Heights(picture, FirstColor, groups: 3)];
        Assert.InRange(heights[0], 200, 450);
        Assert.InRange(heights[0] - (4 * heights[1]), -6, 6);
        Assert.InRange(heights[0] - (2 * heights[2]), -4, 4);
    }

    [Fact]
    public void Several_series_stand_side_by_side_and_have_text_in_title_labels_and_legend()
    {
        KlPerLayerPicture.Write(
            FilePath, [new KlSeries("SeRe-VAE", [3, 2, 1, 1]), new KlSeries("one layer", [6])], "KL per layer");
        using var picture = new DecodedPicture(FilePath);
        int[] first = [.. Heights(picture, FirstColor, groups: 4)];
        int[] second = [.. Heights(picture, SecondColor, groups: 4)];
        Assert.All(first, height => Assert.InRange(height, 30, 400));
        Assert.InRange(second[0] - (2 * first[0]), -4, 4);
        Assert.Equal([0, 0, 0], second[1..]);
        Assert.InRange(picture.CountInk(300, 5, 660, 40), 60, 2_000);
        Assert.InRange(picture.CountInk(300, 518, 660, 550), 40, 2_000);
        Assert.InRange(picture.CountInk(22, 100, 48, 460), 60, 2_000);
        Assert.InRange(picture.CountInk(640, 60, 866, 112), 150, 4_000);
    }

    [Theory]
    [InlineData(new double[0])]
    [InlineData(new[] { 0.0, 0.0 })]
    [InlineData(new[] { double.NaN, 1.0 })]
    [InlineData(new[] { -0.01, 1.0 })]
    public void Unusual_divergences_still_make_a_picture(double[] values)
    {
        KlPerLayerPicture.Write(FilePath, [new KlSeries("test", values)]);
        using var picture = new DecodedPicture(FilePath);
        Assert.Equal((900, 560), picture.Size);
        Assert.InRange(picture.CountInk(300, 5, 660, 40), 60, 2_000);
    }

    [Fact]
    public void Many_layers_have_readable_numbers()
    {
        KlPerLayerPicture.Write(FilePath, [new KlSeries("test", [.. Enumerable.Range(1, 100).Select(layer => 1.0 / layer)])]);
        using var picture = new DecodedPicture(FilePath);
        // With all numbers the strip below the axis would be a band without gaps.
        int dark = Enumerable.Range(90, 780).Count(x => picture.CountInk(x, 498, x + 1, 516) > 0);
        Assert.InRange(dark, 50, 450);
    }

    // The height of a colour's bar in each layer: the legend lies above the bars and to the right.
    private static IEnumerable<int> Heights(DecodedPicture picture, (int, int, int) color, int groups)
    {
        ILookup<int, int> columns = picture.Find(color).Where(place => place.Y > 125 || place.X < 500)
            .ToLookup(place => place.X, place => place.Y);
        const double Left = 60;
        const double Right = 876;
        for (int group = 0; group < groups; group++)
        {
            double start = Left + ((Right - Left) * (0.12 + group) / (groups + 0.2));
            double end = Left + ((Right - Left) * (1.08 + group) / (groups + 0.2));
            yield return Enumerable.Range((int)start, (int)(end - start)).Max(x => columns[x].Count());
        }
    }
}
