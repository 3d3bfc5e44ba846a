using Sere.Data;
using Sere.Runs;
using Sere.Runs.Configuration;
using Xunit;

namespace Sere.Tests.Runs;

public sealed class DataRemarksTests
{
    private static readonly ExperimentConfiguration Digits = Presets.Load("digits");

    [Fact]
    public void Images_that_are_all_the_same_have_nothing_to_learn_from()
    {
        Assert.Contains("are the same black image", Assert.Single(Of(Digits, new byte[40])));
        Assert.Contains("are the same, so", Assert.Single(Of(Digits, [.. Enumerable.Repeat((byte[])[1, 2, 3, 4], 10).SelectMany(image => image)])));
        byte[] faint = [.. Enumerable.Range(0, 40).Select(i => (byte)(3 * i))];
        Assert.Empty(Of(Digits, faint));
        Assert.Contains("black", Assert.Single(Of(
            Digits with { Dataset = Digits.Dataset with { Binarization = BinarizationRule.Threshold } }, faint)));
    }

    [Theory]
    [InlineData(1, 0, false)]
    [InlineData(1, 1e6, true)]
    [InlineData(1000, 0, true)]
    [InlineData(1e-4, 0, true)]
    public void Values_far_from_unit_scale_are_named_unless_the_model_standardizes_them(double factor, double offset, bool isFar)
    {
        float[] values = [.. Enumerable.Range(0, 400).Select(i => (float)(offset + (factor * Math.Sin(i))))];
        var configuration = Digits with { Dataset = Digits.Dataset with { Binarization = BinarizationRule.None } };
        string[] remarks = [.. DataRemarks.Of(configuration, Splits(new ImageSet(new ImageShape(1, 1, 4), values)))];
        Assert.Equal(isFar ? 1 : 0, remarks.Length);
        Assert.All(remarks, remark => Assert.Contains("mean 0 and standard deviation 1", remark));
    }

    [Fact]
    public void How_the_data_were_read_is_said_first() =>
        Assert.Equal(
            "a word",
            DataRemarks.Of(Digits, Splits(new ImageSet(new ImageShape(1, 1, 4), new byte[40])) with { Remarks = ["a word"] }).First());

    private static string[] Of(ExperimentConfiguration configuration, byte[] pixels) =>
        [.. DataRemarks.Of(configuration, Splits(new ImageSet(new ImageShape(1, 1, 4), pixels)))];

    private static DatasetSplits Splits(ImageSet images) => new("own", images, images, images);
}
