using Sere.Data;
using Sere.Evaluation;
using Sere.Runs.Configuration;

namespace Sere.Runs.Comparison;

/// <summary>What a baseline says of images: log p(x) of each in nats, and how many numbers are fitted for it.</summary>
internal sealed record BaselineScores(double[] LogLikelihood, long Parameters)
{
    /// <summary>Whether the log-likelihoods are lower bounds.</summary>
    public bool IsBound { get; private init; }

    /// <summary>How strange each image is.</summary>
    public double[] Novelty { get; private init; } = Array.ConvertAll(LogLikelihood, value => -value);

    // The seed of every evaluation, so that the binary images are the same.
    private static long Seed => new EvaluationOptions().Seed;

    /// <summary>Fits a baseline to the training images and scores others.</summary>
    public static BaselineScores Of(
        SuiteBaseline baseline, ExperimentConfiguration configuration, DatasetSplits splits, ImageSet images) => baseline switch
        {
            SuiteBaseline.Pca => Components(configuration, splits, images),
            SuiteBaseline.ChannelLogisticMixture => ChannelMixture(configuration, splits, images),
            SuiteBaseline.FullGaussian => Gaussian(configuration, splits, images),
            SuiteBaseline.IndependentPixels => Pixels(configuration, splits, images),
        };

    private static BaselineScores Pixels(ExperimentConfiguration configuration, DatasetSplits splits, ImageSet images) => new(
        IndependentPixels.LogLikelihood(splits.Train, images, configuration.Dataset.Preparation, Seed), images.Shape.Dimensions);

    private static BaselineScores Gaussian(ExperimentConfiguration configuration, DatasetSplits splits, ImageSet images)
    {
        long dimensions = images.Shape.Dimensions;
        double alpha = configuration.Model.DataLayer.FlowSpace!.LogitAlpha!.Value;
        return new BaselineScores(
            FullGaussian.LogLikelihood(
                splits.Train, splits.Validation, images, configuration.Dataset.Preparation, alpha, Seed),
            dimensions * (dimensions + 3) / 2);
    }

    private static BaselineScores ChannelMixture(ExperimentConfiguration configuration, DatasetSplits splits, ImageSet images)
    {
        int levels = configuration.Model.DataLayer.WholeLevels!.Value;
        return new BaselineScores(
            ChannelLogisticMixture.LogLikelihood(splits.Train, images, levels),
            images.Shape.Channels * ChannelLogisticMixture.Settings(levels).ParametersPerPixel);
    }

    private static BaselineScores Components(ExperimentConfiguration configuration, DatasetSplits splits, ImageSet images)
    {
        var density = PrincipalComponentDensity.Fit(splits.Train, configuration.Model.DataLayer.WholeLevels!.Value);
        return new BaselineScores(density.LogLikelihood(images), density.Parameters)
        {
            IsBound = true,
            Novelty = density.LargestResidual(images),
        };
    }
}
