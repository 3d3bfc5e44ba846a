using Sere.Data;
using Sere.Runs.Configuration;

namespace Sere.Runs;

/// <summary>What a user should know of the data before a model is trained on them.</summary>
internal static class DataRemarks
{
    private const double LargestUnscaled = 100;
    private const double SmallestSpread = 0.01;

    /// <summary>The remarks, each a sentence: how the data were read, and whether there is anything to learn from them.</summary>
    public static IEnumerable<string> Of(ExperimentConfiguration configuration, DatasetSplits splits)
    {
        foreach (string remark in splits.Remarks)
        {
            yield return remark;
        }

        var images = splits.Train;
        var rule = configuration.Dataset.Preparation;
        if (images.Count > 1 && AreEqual(images, rule == BinarizationRule.Threshold) is { } value)
        {
            yield return value == 0
                ? $"All training images of '{splits.Name}' are the same black image, so there is nothing to learn from "
                    + "them; transparent parts of a picture are black, and dark shapes on them vanish."
                : $"All training images of '{splits.Name}' are the same, so there is nothing to learn from them.";
        }

        if (rule is BinarizationRule.Dynamic or BinarizationRule.Threshold && images.Count > 0 && images.Shape.Height > 1
            && DatasetCatalog.PlaceOf(splits.Name) is not null && ImageLook.At(images).Kind is not ImageKind.BlackAndWhite and var kind)
        {
            string preset = kind == ImageKind.Colour ? "colour" : "grey";
            yield return
                $"The images of '{splits.Name}' are photographs, and the model takes black and white: each pixel becomes white with "
                + $"the probability of its grey value, which drowns their detail in noise; --preset {preset} keeps their levels.";
        }

        if (images.IsReal && rule == BinarizationRule.None && configuration.Model.DataLayer.FlowSpace is not { IsFitted: true })
        {
            var range = ValueRange.Of(images)!.Value;
            double mean = images.Values.Average(value => (double)value);
            double deviation = Math.Sqrt(images.Values.Average(value => (value - mean) * (value - mean)));
            if (Math.Max(-range.Low, range.High) > LargestUnscaled || deviation < SmallestSpread)
            {
                yield return $"The values of '{splits.Name}' go from {range.Low} to {range.High} with a standard deviation of "
                    + $"{deviation:G3}, and the model takes them as they are; bring each dimension to mean 0 and standard "
                    + "deviation 1 first, else its densities mean little.";
            }
        }
    }

    /// <summary>Null where images differ, as the model is given them; else their largest value.</summary>
    private static double? AreEqual(ImageSet images, bool isThreshold)
    {
        int dimensions = images.Shape.Dimensions;
        double largest = 0;
        for (int i = 0; i < images.Count * dimensions; i++)
        {
            if (Value(i) != Value(i % dimensions))
            {
                return null;
            }

            largest = Math.Max(largest, Value(i));
        }

        return largest;

        double Value(int i)
        {
            double value = images.IsReal ? images.Values[i] : images.Pixels[i] / 255.0;
            return isThreshold ? value >= 0.5 ? 1 : 0 : value;
        }
    }
}
