using Sere.Data;

namespace Sere.Evaluation;

/// <summary>
/// Probabilistic principal components (Tipping and Bishop 1999) as a density of images of whole levels: a normal distribution
/// with the variances of the training images along the components, and with their mean along all other directions. It is
/// fitted in closed form to dequantized levels, x + u with u uniform in [0, 1) for each value, which adds 1/12 to each variance.
/// </summary>
internal sealed class PrincipalComponentDensity
{
    private const int UsualNumber = 20;
    private const int ResidualSide = 3;
    private const double UniformVariance = 1.0 / 12;

    private readonly PrincipalComponents _components;
    private readonly double[] _variances;
    private readonly double _noise;
    private readonly int _levels;

    private PrincipalComponentDensity(PrincipalComponents components, double[] variances, double noise, int levels) =>
        (_components, _variances, _noise, _levels) = (components, variances, noise, levels);

    /// <summary>The numbers that are fitted: mean, variances, and axes but for a rotation among them.</summary>
    public long Parameters
    {
        get
        {
            long number = _variances.Length;
            return (_components.Mean.Length * (number + 1)) + 1 - (number * (number - 1) / 2);
        }
    }

    /// <summary>Fits the training images.</summary>
    /// <param name="training">The images, of values in 0..1.</param>
    /// <param name="levels">V, the levels of a value.</param>
    /// <param name="number">How many components; fewer of few or small images.</param>
    public static PrincipalComponentDensity Fit(ImageSet training, int levels, int number = UsualNumber)
    {
        var (components, variances, noise) = PrincipalComponents.Fit(OfLevels(training, levels), number);
        double unit = (levels - 1.0) * (levels - 1);
        return new PrincipalComponentDensity(
            components,
            Array.ConvertAll(variances, variance => (variance * unit) + UniformVariance),
            (noise * unit) + UniformVariance,
            levels);
    }

    /// <summary>
    /// A lower bound on the log-mass of each image in nats: the mean of log p(x + u) over u, which is at most the logarithm of
    /// the mean. It is the log-density in the middle of the levels, less half the trace of u's covariance in the metric of p.
    /// </summary>
    /// <param name="images">Images of the shape of the training images.</param>
    public double[] LogLikelihood(ImageSet images)
    {
        double unit = (_levels - 1.0) * (_levels - 1);
        int others = _components.Mean.Length - _variances.Length;
        double constant = (_components.Mean.Length * Math.Log(2 * Math.PI))
            + _variances.Sum(Math.Log) + (others * Math.Log(_noise))
            + (UniformVariance * (_variances.Sum(variance => 1 / variance) + (others / _noise)));
        return Each(images, image =>
        {
            // The mean is that of the middles too, so that half a level is lost in the difference.
            var (along, residual) = _components.Project(image);
            double squares = along.Zip(_variances, (length, variance) => length * length / variance).Sum()
                + (residual.Sum(value => value * value) / _noise);
            return -0.5 * (constant + (unit * squares));
        });
    }

    /// <summary>The largest mean of 3 x 3 squared residuals of each image, values in 0..1: high where something is strange.</summary>
    /// <param name="images">Images of the shape of the training images.</param>
    public double[] LargestResidual(ImageSet images) => Each(
        images, image => WindowMeans.Extremes(_components.Residual(image), image.Shape.Width, ResidualSide).Largest);

    private double[] Each(ImageSet images, Func<ImageSet, double> figure)
    {
        var whole = OfLevels(images, _levels);
        return [.. Enumerable.Range(0, images.Count).Select(image => figure(whole.Slice(image, 1)))];
    }

    /// <summary>The images with each value at its level.</summary>
    private static ImageSet OfLevels(ImageSet images, int levels) => !images.IsReal && levels == 256
        ? images
        : new ImageSet(
            images.Shape,
            [
                .. Enumerable.Range(0, images.Count * images.Shape.Dimensions)
                    .Select(i => (float)(ChannelLogisticMixture.Level(images, i, levels) / (levels - 1.0))),
            ]);
}
