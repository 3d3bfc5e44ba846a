namespace Sere.Runs.Comparison;

/// <summary>What a row may be instead of a model that is trained by steps.</summary>
public enum SuiteBaseline
{
    /// <summary>
    /// Independent binary pixels with the means of the training images: what every model must beat; JSON
    /// "independent-pixels".
    /// </summary>
    IndependentPixels,

    /// <summary>
    /// One normal distribution of dequantized images in logit space, with the covariance of the training images: what every
    /// density must beat; JSON "full-gaussian".
    /// </summary>
    FullGaussian,

    /// <summary>
    /// A mixture of discretized logistics for each channel, the same for every pixel: what every model of grey or colour
    /// images must beat; JSON "channel-logistic-mixture".
    /// </summary>
    ChannelLogisticMixture,
}
