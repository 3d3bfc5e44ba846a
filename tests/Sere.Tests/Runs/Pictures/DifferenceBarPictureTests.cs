using Sere.Runs.Pictures;
using Xunit;

namespace Sere.Tests.Runs.Pictures;

public sealed class DifferenceBarPictureTests : IDisposable
{
    private static readonly (int Red, int Green, int Blue)[] Colors =
        [(0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00), (0x00, 0x9E, 0x73), (0xCC, 0x79, 0xA7)];

    private readonly TemporaryFolder _folder = new();

    private string FilePath => _folder.File("bars.png");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(9e59)]
    [InlineData(-9e59)]
    [InlineData(1e-320)]
    [InlineData(double.NegativeInfinity)]
    [InlineData(double.NaN)]
    public void Extreme_differences_are_drawn(double value)
    {
        using var folder = new TemporaryFolder();
        string path = folder.File("bars.png");
        DifferenceBarPicture.Write(
            path, [new DifferenceBar("a", value, 1, "1", false), new DifferenceBar("b", 0, value, "2", false)], "x", "title");
        Assert.True(File.Exists(path));
    }

    [Fact]
    public void The_bars_are_as_long_as_the_differences_on_both_sides_of_zero()
    {
        Write([new("zero", 0, 0, "-100.00"), new("better", 4, 0, "-96.00"), new("worse", -8, 0, "-108.00")]);
        using var picture = new DecodedPicture(FilePath);
        Assert.Equal((900, 560), picture.Size);
        Assert.Equal(0, Length(picture, Colors[0]).Length);
        var better = Length(picture, Colors[1]);
        var worse = Length(picture, Colors[2]);
        Assert.InRange(worse.Length - (2 * better.Length), -4, 4);
        Assert.InRange(better.Left - worse.Right, -2, 4);
        Assert.InRange(better.Length, 100, 400);
    }

    [Fact]
    public void A_bar_that_may_run_out_ends_at_the_edge_and_leaves_the_others_their_length()
    {
        Write([new("zero", 0, 0, "-100.00"), new("worse", -8, 1, "-108.00"), new("pixels", -300, 1, "-400.00", MayRunOut: true)]);
        using var picture = new DecodedPicture(FilePath);
        var worse = Length(picture, Colors[1]);
        var pixels = Length(picture, Colors[2]);
        Assert.InRange(worse.Length, 200, 600);
        Assert.InRange((double)pixels.Length / worse.Length, 1.3, 2);
    }

    [Fact]
    public void Nothing_to_compare_is_said()
    {
        Write([new("lost", double.NaN, 0, "")]);
        using var picture = new DecodedPicture(FilePath);
        Assert.InRange(picture.CountInk(300, 200, 700, 340), 60, 4_000);
    }

    private void Write(DifferenceBar[] bars) => DifferenceBarPicture.Write(FilePath, bars, "nats", "test");

    private static (int Left, int Right, int Length) Length(
        DecodedPicture picture, (int Red, int Green, int Blue) color)
    {
        int[] columns = [.. picture.Find(color).Select(point => point.X).Distinct().Order()];
        return columns.Length == 0 ? (0, 0, 0) : (columns[0], columns[^1], columns.Length);
    }
}
