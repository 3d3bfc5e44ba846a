using Sere.Runs.Pictures;
using Xunit;

namespace Sere.Tests.Runs.Pictures;

public sealed class LearningCurvesTests : FolderTests
{
    private static readonly (int Red, int Green, int Blue) FirstColor = (0x00, 0x72, 0xB2);
    private static readonly (int Red, int Green, int Blue) SecondColor = (0xD5, 0x5E, 0x00);

    private string FilePath => _folder.File("learning-curve.png");

    [Fact]
    public void The_picture_shows_each_curve_and_has_text_in_title_labels_and_legend()
    {
        Write(FilePath, ("training", Rising(100, -85)), ("validation", Rising(100, -88)));
        using var picture = new DecodedPicture(FilePath);
        Assert.Equal((900, 560), picture.Size);
        Assert.InRange(picture.Find(FirstColor).Length, 500, 10_000);
        Assert.InRange(picture.Find(SecondColor).Length, 500, 10_000);
        Assert.InRange(picture.CountInk(300, 5, 660, 40), 60, 2_000);
        Assert.InRange(picture.CountInk(22, 100, 48, 460), 60, 2_000);
        Assert.InRange(picture.CountInk(0, 450, 900, 560), 100, 6_000);
        Assert.Equal(["learning-curve.png"], _folder.FileNames());
    }

    [Fact]
    public void Far_early_values_leave_the_later_epochs_most_of_the_height()
    {
        Write(FilePath, ("training", Rising(200, -85)));
        using var picture = new DecodedPicture(FilePath);
        // From epoch 50 on: in a chart of everything the curve would rise by some 6 pixels there.
        int[] heights =
        [
            .. picture.Find(FirstColor).Where(place => place is { X: > 290 and < 800, Y: < 470 }).Select(place => place.Y),
        ];
        Assert.InRange(heights.Max() - heights.Min(), 80, 450);
    }

    [Fact]
    public void The_label_says_what_is_cut_and_a_curve_that_broke_down_stays_in_sight()
    {
        var (low, high, note) = LearningCurves.Range([("a", Rising(200, -85))]);
        Assert.InRange(low, -89, -87);
        Assert.InRange(high, -86, -85);
        Assert.Equal("; cut, lowest -205", note);
        Assert.Contains("highest", LearningCurves.Range([("a", [.. Rising(200, 0).Select(at => (at.X, -at.Y))])]).Note, StringComparison.Ordinal);
        Assert.Equal((-5000.0, ""), (LearningCurves.Range([("a", [.. Rising(50, -85), (51, -5000)])]) is var end ? (end.Low, end.Note) : default));
        Assert.Equal((5.0, 5.0, ""), LearningCurves.Range([("level", [(1, 5), (2, 5)])]));
    }

    [Fact]
    public void Values_that_are_not_finite_are_left_out()
    {
        Write(FilePath, ("a", [(1, -9), (2, double.NaN), (3, double.NegativeInfinity), (4, -7)]));
        string finite = _folder.File("finite.png");
        Write(finite, ("a", [(1, -9), (4, -7)]));
        Assert.Equal(File.ReadAllBytes(finite), File.ReadAllBytes(FilePath));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_run_that_has_hardly_begun_has_a_picture_too(int points)
    {
        Write(FilePath, ("training", Rising(points, -85)));
        using var picture = new DecodedPicture(FilePath);
        Assert.Equal((900, 560), picture.Size);
        Assert.InRange(picture.Find(FirstColor).Length, points * 20, points * 500);
        Assert.True(points > 0 || picture.CountInk(300, 200, 700, 340) > 60);
    }

    private static void Write(string path, params (string Name, (double X, double Y)[] Points)[] curves) =>
        LearningCurves.Write(path, curves, "epoch", "ELBO (nats)", "digits");

    private static (double X, double Y)[] Rising(int count, double limit) =>
        [.. Enumerable.Range(1, count).Select(epoch => ((double)epoch, limit - (120.0 / epoch)))];
}
