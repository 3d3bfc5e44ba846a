using Sere.Data;
using Sere.Evaluation;
using Sere.Models;
using Sere.Models.Configuration;
using TorchSharp;

namespace Sere.Runs;

/// <summary>What the validation images say of an epoch.</summary>
internal static class RunValidation
{
    /// <summary>The ELBO by one draw an image and, where the run trains on several samples, the bound of as many.</summary>
    public static (double Elbo, double? Weighted) Measure(
        DensityModel model, ImageSet images, ExperimentConfiguration configuration, torch.Device device)
    {
        var rule = configuration.Dataset.Preparation;
        int samples = configuration.Training.ImportanceSamples;
        double elbo = LatentUsage.Measure(model, images, rule, seed: 1, device).Elbo;
        return samples == 1
            ? (elbo, null)
            : (elbo, ImportanceSampledLikelihood.Evaluate(
                model, images, rule, new EvaluationOptions { ImportanceSamples = samples }, device).LogLikelihood.Average());
    }
}
