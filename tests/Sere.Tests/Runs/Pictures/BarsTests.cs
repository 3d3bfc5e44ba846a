using Sere.Runs.Pictures;
using Xunit;

namespace Sere.Tests.Runs.Pictures;

public sealed class BarsTests : FolderTests
{
    private static readonly (int Red, int Green, int Blue)[] Colors =
        [(0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00), (0x00, 0x9E, 0x73)];

    private string FilePath => _folder.File("bars.png");

    [Fact]
    public void The_bars_of_layers_are_as_high_as_their_figures()
    {
        Bars.WriteLayers(FilePath, "test", [4, 1, 2], "KL divergence per layer", "layer", "KL (nats)");
        using var picture = new DecodedPicture(FilePath);
        Assert.Equal((900, 560), picture.Size);
        int[] columns = [.. Columns(picture, Colors[0]).Order()];
        Assert.Equal(3, columns.Distinct().Count(height => columns.Count(other => other == height) > 50));
        Assert.InRange(columns[^1] - (4 * columns[10]), -8, 8);
        Assert.InRange(picture.CountInk(300, 5, 660, 40), 60, 2_000);
    }

    [Theory]
    [InlineData(new double[0])]
    [InlineData(new[] { 0.0, 0.0 })]
    [InlineData(new[] { double.NaN, 1.0 })]
    [InlineData(new[] { -0.01, 1.0 })]
    public void Unusual_figures_still_make_a_picture(double[] values)
    {
        Bars.WriteLayers(FilePath, "test", values, "title", "layer", "KL (nats)");
        using var picture = new DecodedPicture(FilePath);
        Assert.Equal((900, 560), picture.Size);
        Assert.InRange(picture.CountInk(300, 5, 660, 40), 20, 2_000);
    }

    [Fact]
    public void Differences_are_as_long_as_they_are_on_both_sides_of_zero()
    {
        Write(("zero", 0, 0, "-100.00", false), ("better", 4, 0, "-96.00", false), ("worse", -8, 0, "-108.00", false));
        using var picture = new DecodedPicture(FilePath);
        Assert.Empty(Columns(picture, Colors[0]));
        int better = Columns(picture, Colors[1]).Count();
        Assert.InRange(Columns(picture, Colors[2]).Count() - (2 * better), -4, 4);
        Assert.InRange(better, 100, 400);
    }

    [Fact]
    public void A_bar_that_may_run_out_leaves_the_others_their_length()
    {
        Write(("zero", 0, 0, "-100.00", false), ("worse", -8, 1, "-108.00", false), ("pixels", -300, 1, "-400.00", true));
        using var picture = new DecodedPicture(FilePath);
        int worse = Columns(picture, Colors[1]).Count();
        Assert.InRange(worse, 200, 600);
        Assert.InRange((double)Columns(picture, Colors[2]).Count() / worse, 1.3, 2);
    }

    [Fact]
    public void Nothing_to_compare_is_said()
    {
        Write(("lost", double.NaN, 0, "", false));
        using var picture = new DecodedPicture(FilePath);
        Assert.InRange(picture.CountInk(300, 200, 700, 340), 60, 4_000);
    }

    private void Write(params (string Name, double Value, double Error, string Label, bool MayRunOut)[] bars) =>
        Bars.WriteDifferences(FilePath, bars, "nats", "test");

    /// <summary>The height of a colour in each column of the picture that has some of it, the legend's left out.</summary>
    private static IEnumerable<int> Columns(DecodedPicture picture, (int, int, int) color) =>
        picture.Find(color).Where(place => place.Y < 470).GroupBy(place => place.X, (_, places) => places.Count());
}
