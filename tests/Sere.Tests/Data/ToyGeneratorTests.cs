using Sere.Data;
using Xunit;

namespace Sere.Tests.Data;

public sealed class ToyGeneratorTests
{
    [Theory]
    [InlineData("two-moons")]
    [InlineData("checkerboard")]
    [InlineData("rings")]
    public void A_toy_set_is_of_real_vectors_of_two_numbers_and_the_same_each_time(string name)
    {
        var splits = DatasetCatalog.Load(name, null, 5000, 1);
        Assert.Equal(new ImageShape(1, 1, 2), splits.Train.Shape);
        Assert.Equal((45_000, 5000, 10_000), (splits.Train.Count, splits.Validation.Count, splits.Test.Count));
        Assert.True(splits.Train.IsReal);
        Assert.Equal(splits.Digest(), DatasetCatalog.Load(name, null, 5000, 1).Digest());
        Assert.NotEqual(splits.Train.Values[..20], splits.Test.Values[..20]);
    }

    [Fact]
    public void The_checkerboard_is_even_on_eight_squares_and_empty_on_the_others()
    {
        var vectors = DatasetCatalog.Load("checkerboard", null, 0, 1).Train;
        int[,] counts = new int[4, 4];
        for (int i = 0; i < vectors.Count; i++)
        {
            counts[(int)((vectors.Values[2 * i] + 4) / 2), (int)((vectors.Values[(2 * i) + 1] + 4) / 2)]++;
        }

        // A square holds an eighth of 50,000, within four standard errors.
        double error = 4 * Math.Sqrt(50_000 * (1 / 8.0) * (7 / 8.0));
        for (int column = 0; column < 4; column++)
        {
            for (int row = 0; row < 4; row++)
            {
                double expected = (column + row) % 2 == 0 ? 50_000 / 8.0 : 0;
                Assert.InRange(counts[column, row], expected - error, expected + error);
                Assert.Equal(expected == 0, counts[column, row] == 0);
            }
        }
    }

    [Fact]
    public void The_rings_and_moons_have_the_radii_that_they_are_named_by()
    {
        float[] rings = DatasetCatalog.Load("rings", null, 0, 1).Train.Values;
        for (int i = 0; i < rings.Length; i += 2)
        {
            double radius = Math.Sqrt((rings[i] * rings[i]) + (rings[i + 1] * rings[i + 1]));
            Assert.InRange(Math.Abs(radius - Math.Round(radius)), 0, 0.3);
        }

        float[] moons = DatasetCatalog.Load("two-moons", null, 0, 1).Train.Values;
        for (int i = 0; i < moons.Length; i += 2)
        {
            double upper = Distance(moons[i] + 0.5, moons[i + 1] + 0.25);
            double lower = Distance(moons[i] - 0.5, moons[i + 1] - 0.25);
            Assert.InRange(Math.Min(upper, lower), 0, 0.55);
        }
    }

    /// <summary>How far a point lies from the unit circle.</summary>
    private static double Distance(double x, double y) => Math.Abs(Math.Sqrt((x * x) + (y * y)) - 1);
}
