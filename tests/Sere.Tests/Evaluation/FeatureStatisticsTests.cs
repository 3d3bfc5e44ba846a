using Sere.Data;
using Sere.Evaluation;
using Xunit;

namespace Sere.Tests.Evaluation;

/// <summary>Figures of features on made-up features: four of them at 3 x 3 places, of which the first differs from place to place.</summary>
public sealed class FeatureStatisticsTests
{
    private const int Channels = 4;
    private const int Places = 9;
    private static readonly ImageShape Shape = new(Channels, 3, 3);

    [Theory]
    [InlineData("features_place")]
    [InlineData("features_nearest")]
    [InlineData("features_amount")]
    public void Each_figure_sees_its_own_fault(string name)
    {
        int figure = Array.IndexOf(FeatureStatistics.Figures, name);
        var statistics = FeatureStatistics.Fit(Normal(200, seed: 1), seed: 1)!;
        ImageSet normal = Normal(30, seed: 2);
        float[] strange = Normal(1, seed: 3).Values;
        switch (name)
        {
            case "features_place":
                // What is usual at the last place, at the first.
                strange[0] = Places - 1;
                break;
            case "features_nearest":
                strange[(2 * Places) + 4] += 8;
                break;
            default:
                for (int place = 0; place < Places; place++)
                {
                    strange[(3 * Places) + place] += 1;
                }

                break;
        }

        double largest = Enumerable.Range(0, normal.Count).Max(image => statistics.Of(normal.Slice(image, 1).Values)[figure]);
        Assert.True(statistics.Of(strange)[figure] > largest, $"{statistics.Of(strange)[figure]} is not above {largest}.");
    }

    [Fact]
    public void An_image_whose_patches_are_in_the_bank_is_at_no_distance_from_it()
    {
        ImageSet normal = Normal(50, seed: 1);
        var statistics = FeatureStatistics.Fit(normal, seed: 1)!;
        Assert.True(statistics.IsSound());

        // All patches of 50 images are in the bank.
        double[] known = statistics.Of(normal.Slice(7, 1).Values);
        Assert.True(known[1] < Math.Log(1e-6), $"exp({known[1]})");
        Assert.All(known, value => Assert.True(double.IsFinite(value)));
    }

    [Fact]
    public void Values_that_do_not_vary_say_nothing_and_images_that_do_not_differ_give_none()
    {
        ImageSet normal = Normal(40, seed: 1);
        for (int image = 0; image < normal.Count; image++)
        {
            normal.Values.AsSpan((image * Shape.Dimensions) + Places, Places).Fill(2);
        }

        double[] figures = FeatureStatistics.Fit(normal, seed: 1)!.Of(normal.Slice(0, 1).Values);
        Assert.All(figures, value => Assert.False(double.IsNaN(value)));
        Assert.Null(FeatureStatistics.Fit(new ImageSet(Shape, new float[5 * Shape.Dimensions]), seed: 1));
    }

    [Fact]
    public void What_is_damaged_is_not_sound()
    {
        var sound = FeatureStatistics.Fit(Normal(40, seed: 1), seed: 1)!;
        FeatureStatistics[] damaged =
        [
            sound with { Places = 8 },
            sound with { Mean = [] },
            sound with { Axes = sound.Axes[1..] },
            sound with { Bank = [.. sound.Bank, 1] },
            sound with { Scales = [float.NaN, .. sound.Scales[1..]] },
            sound with { AtPlaces = sound.AtPlaces[1..] },
            sound with { AtPlaces = [sound.AtPlaces[0] with { Factor = [1] }, .. sound.AtPlaces[1..]] },
            sound with { Amounts = sound.AtPlaces[0] with { Mean = new float[100] } },
        ];
        Assert.All(damaged, statistics => Assert.False(statistics.IsSound()));
    }

    private static ImageSet Normal(int count, int seed)
    {
        var random = new Random(seed);
        float[] values = new float[count * Shape.Dimensions];
        for (int i = 0; i < values.Length; i++)
        {
            var (channel, place) = Math.DivRem(i % Shape.Dimensions, Places);
            double noise = random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5;
            values[i] = (float)((channel == 0 ? place : 0) + (0.5 * noise));
        }

        return new ImageSet(Shape, values);
    }
}
