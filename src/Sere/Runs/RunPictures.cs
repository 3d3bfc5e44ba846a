using Sere.Data;
using Sere.Runs.Pictures;

namespace Sere.Runs;

/// <summary>Draws the pictures of a run.</summary>
internal static class RunPictures
{
    private const int SampleCount = 100;
    private const int ReconstructionCount = 20;
    private const int Columns = 10;
    private const int DensitySamples = 100;

    /// <summary>
    /// Samples, reconstructions of the first test images by a model with latents, the density of one of the plane, and the
    /// learning curve.
    /// </summary>
    public static void Write(RunFolder folder, TrainedModel model, ImageSet test, IReadOnlyList<RunMetrics> metrics)
    {
        ImageGrid.Write(folder.Samples, model.Sample(SampleCount), Columns);
        if (model.Model.NoiseSize > 0)
        {
            var (originals, reconstructions) = model.Reconstruct(test.Slice(0, Math.Min(ReconstructionCount, test.Count)));
            ReconstructionGrid.Write(folder.Reconstructions, originals, reconstructions, Columns);
        }

        DensityGrid.Write(folder.Density, model, test, DensitySamples);
        double[] epochs = [.. metrics.Select(line => (double)line.Epoch)];
        LearningCurvePicture.Write(
            folder.LearningCurve,
            [
                new LearningCurve("training", epochs, [.. metrics.Select(line => line.Elbo)]),
                new LearningCurve("validation", epochs, [.. metrics.Select(line => line.ValidationElbo)]),
            ],
            "epoch",
            model.Model.IsBound ? "ELBO (nats per image)" : "log-likelihood (nats per image)",
            model.Configuration.Name);
    }

    /// <summary>Divergence of each layer on the evaluated images, and what the residual data layer adds where there is one.</summary>
    public static void WriteLayers(RunFolder folder, SplitEvaluation evaluation)
    {
        if (evaluation.Report.KlPerLayer.Count > 0)
        {
            KlPerLayerPicture.Write(
                folder.KlPerLayer, [new KlSeries(evaluation.Report.Model, evaluation.Report.KlPerLayer)]);
        }

        if (evaluation.ResidualGain is { } gain)
        {
            ResidualGainPicture.Write(folder.ResidualGain, evaluation.Report.Model, gain.PerBlock);
        }
    }
}
