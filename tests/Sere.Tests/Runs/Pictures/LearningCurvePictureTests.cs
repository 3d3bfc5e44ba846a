using Sere.Runs.Pictures;
using Xunit;

namespace Sere.Tests.Runs.Pictures;

public sealed class LearningCurvePictureTests : IDisposable
{
    private static readonly (int Red, int Green, int Blue) FirstColor = (0x00, 0x72, 0xB2);
    private static readonly (int Red, int Green, int Blue) SecondColor = (0xD5, 0x5E, 0x00);

    private readonly TemporaryFolder _folder = new();

    private string FilePath => _folder.File("learning-curve.png");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_picture_shows_each_curve_and_has_text_in_title_labels_ticks_and_legend()
    {
        LearningCurvePicture.Write(
            FilePath, [Curve("training", 100, -85), Curve("validation", 100, -88)], "epoch", "ELBO (nats)", "digits");
        using var picture = new DecodedPicture(FilePath);
        Assert.Equal((900, 560), picture.Size);
        Assert.InRange(picture.Find(FirstColor).Length, 500, 10_000);
        Assert.InRange(picture.Find(SecondColor).Length, 500, 10_000);
        Assert.InRange(picture.CountInk(300, 5, 660, 40), 60, 2_000);
        Assert.InRange(picture.CountInk(300, 518, 660, 550), 40, 2_000);
        Assert.InRange(picture.CountInk(22, 100, 48, 460), 60, 2_000);
        Assert.InRange(picture.CountInk(52, 40, 84, 490), 60, 2_000);
        Assert.InRange(picture.CountInk(788, 425, 866, 482), 60, 2_000);
        Assert.Equal(["learning-curve.png"], _folder.FileNames());
    }

    [Fact]
    public void The_text_is_that_which_was_asked_for()
    {
        LearningCurvePicture.Write(FilePath, [Curve("a", 9, -85)], "epoch", "ELBO", string.Empty);
        using (var untitled = new DecodedPicture(FilePath))
        {
            Assert.Equal(0, untitled.CountInk(0, 0, 900, 8));
        }

        string other = _folder.File("other.png");
        LearningCurvePicture.Write(other, [Curve("a", 9, -85)], "step", "ELBO", string.Empty);
        Assert.NotEqual(File.ReadAllBytes(FilePath), File.ReadAllBytes(other));
    }

    [Fact]
    public void Far_early_values_leave_the_later_epochs_most_of_the_height()
    {
        LearningCurvePicture.Write(FilePath, [Curve("training", 200, -85)], "epoch", "ELBO (nats)", "digits");
        using var picture = new DecodedPicture(FilePath);
        // From epoch 25 on: in a chart of everything the curve would rise by some 15 pixels there.
        int[] heights = [.. picture.Find(FirstColor).Where(place => place.X is > 190 and < 700).Select(place => place.Y)];
        Assert.InRange(heights.Max() - heights.Min(), 80, 450);
    }

    [Fact]
    public void Values_that_are_not_finite_are_left_out()
    {
        LearningCurvePicture.Write(
            FilePath,
            [new LearningCurve("a", [1, 2, 3, 4], [-9, double.NaN, double.NegativeInfinity, -7])],
            "epoch",
            "ELBO",
            "gaps");
        string finite = _folder.File("finite.png");
        LearningCurvePicture.Write(finite, [new LearningCurve("a", [1, 4], [-9, -7])], "epoch", "ELBO", "gaps");
        Assert.Equal(File.ReadAllBytes(finite), File.ReadAllBytes(FilePath));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_run_that_has_hardly_begun_has_a_picture_too(int points)
    {
        LearningCurvePicture.Write(FilePath, [Curve("training", points, -85)], "epoch", "ELBO", "young");
        using var picture = new DecodedPicture(FilePath);
        Assert.Equal((900, 560), picture.Size);
        Assert.InRange(picture.Find(FirstColor).Length, points * 20, points * 500);
        if (points == 0)
        {
            Assert.InRange(picture.CountInk(380, 260, 560, 300), 100, 2_000);
        }
    }

    [Fact]
    public void A_curve_with_more_places_than_values_is_refused()
    {
        var error = Assert.Throws<ArgumentException>(
            () => LearningCurvePicture.Write(FilePath, [new LearningCurve("a", [1, 2], [1])], "x", "y", "t"));
        Assert.Contains("'a' has 2 places for 1 values", error.Message, StringComparison.Ordinal);
    }

    private static LearningCurve Curve(string name, int count, double limit)
    {
        double[] epochs = [.. Enumerable.Range(1, count).Select(epoch => (double)epoch)];
        return new LearningCurve(name, epochs, [.. epochs.Select(epoch => limit - (120 / epoch))]);
    }
}
