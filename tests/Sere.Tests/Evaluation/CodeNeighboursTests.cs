using Sere.Evaluation;
using Xunit;

namespace Sere.Tests.Evaluation;

public sealed class CodeNeighboursTests
{
    private static readonly Random Random = new(1);

    // A close cloud around 0 and a wide one around 10.
    private static readonly float[][] Codes =
    [
        .. Enumerable.Range(0, 500).Select(_ => Code(0, 0.1)), .. Enumerable.Range(0, 500).Select(_ => Code(10, 2)),
    ];

    private static readonly CodeNeighbours Bank = CodeNeighbours.Of([.. Codes.SelectMany(code => code)], 3)!;

    [Fact]
    public void The_factor_is_the_ratio_of_the_mean_distances_from_ten_neighbours_as_sorting_finds_them()
    {
        float[] code = [3, 3, 3];
        int[] nearest = Nearest(code, except: -1);
        double expected = nearest.Average(image => Distance(code, Codes[image]))
            / nearest.Average(image => Nearest(Codes[image], image).Average(other => Distance(Codes[image], Codes[other])));
        Assert.Equal(Math.Log(expected), Bank.LogOutlierFactor(code), 1e-4);
    }

    [Fact]
    public void What_lies_as_close_as_its_neighbours_is_no_outlier_in_a_close_cloud_or_a_wide_one_and_what_lies_between_is()
    {
        Assert.InRange(Enumerable.Range(0, 100).Average(_ => Bank.LogOutlierFactor(Code(0, 0.1))), -0.2, 0.2);
        Assert.InRange(Enumerable.Range(0, 100).Average(_ => Bank.LogOutlierFactor(Code(10, 2))), -0.2, 0.2);

        // Nearer to the close cloud than the members of the wide one are to each other.
        Assert.True(Bank.LogOutlierFactor([1, 1, 1]) > 2);
    }

    [Fact]
    public void Codes_that_are_all_alike_make_no_outlier_of_one_more()
    {
        var alike = CodeNeighbours.Of(new float[30], 1, TestContext.Current.CancellationToken)!;
        Assert.Equal(0, alike.LogOutlierFactor([0]));
        Assert.True(double.IsFinite(alike.LogOutlierFactor([1])));
    }

    [Fact]
    public void Codes_that_are_no_numbers_have_no_neighbours_and_a_comparison_can_be_stopped()
    {
        Assert.Null(CodeNeighbours.Of([1, 2, float.NaN, 4], 1, TestContext.Current.CancellationToken));
        using var stopped = new CancellationTokenSource();
        stopped.Cancel();
        Assert.Throws<OperationCanceledException>(() => CodeNeighbours.Of(new float[30], 1, stopped.Token));
    }

    [Fact]
    public void Few_images_or_codes_too_long_for_a_thousand_are_not_taken()
    {
        Assert.Equal(0, CodeNeighbours.Count(999, 64));
        Assert.Equal(0, CodeNeighbours.Count(1000, 0));
        Assert.Equal(1000, CodeNeighbours.Count(1000, 64));
        Assert.Equal(10_000, CodeNeighbours.Count(60_000, 64));
        Assert.Equal(0, CodeNeighbours.Count(60_000, 100_000));
        Assert.True(Bank.IsSound(3));
        Assert.False(Bank.IsSound(4));
        Assert.False((Bank with { Distances = [] }).IsSound(3));
        Assert.False((Bank with { Codes = [.. Bank.Codes.Select((value, i) => i == 7 ? float.NaN : value)] }).IsSound(3));
    }

    private static float[] Code(double center, double spread) =>
        [.. Enumerable.Range(0, 3).Select(_ => (float)(center + (spread * (Random.NextDouble() + Random.NextDouble() - 1))))];

    private static int[] Nearest(float[] code, int except) =>
        [.. Enumerable.Range(0, Codes.Length).Where(i => i != except).OrderBy(i => Distance(code, Codes[i])).Take(10)];

    private static double Distance(float[] one, float[] other) =>
        Math.Sqrt(one.Zip(other, (a, b) => Math.Pow(a - b, 2)).Sum());
}
