using Sere.Evaluation;

namespace Sere.Runs.Comparison;

/// <summary>How well a row tells images with a defect from normal test images, by its figure of how strange each is.</summary>
/// <param name="Area">The area under the ROC curve.</param>
/// <param name="Low">Lower end of its bootstrap interval of 95 %.</param>
/// <param name="High">Upper end.</param>
internal sealed record DefectDetection(double Area, double Low, double High)
{
    /// <summary>Of the figures of some of each; null where one is no number.</summary>
    public static DefectDetection? Of(double[] defects, double[] normal)
    {
        if (defects.Concat(normal).Any(double.IsNaN))
        {
            return null;
        }

        var (low, high) = ReceiverOperatingCharacteristic.Interval(defects, normal, ReceiverOperatingCharacteristic.Area);
        return new DefectDetection(ReceiverOperatingCharacteristic.Area(defects, normal), low, high);
    }
}
