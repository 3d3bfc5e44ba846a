using Sere.Data;
using Sere.Distributed;
using Sere.Evaluation;
using Sere.Runs.Configuration;
using Sere.Runs.Pictures;
using Sere.Storage;
using TorchSharp;

namespace Sere.Runs;

/// <summary>What comes out of a run that is trained: figures, pictures, scores of held-out images and the report.</summary>
internal sealed class RunResults(
    RunFolder folder,
    ExperimentConfiguration configuration,
    DatasetSplits splits,
    IRunObserver observer,
    torch.Device device,
    ProcessGroup? group = null)
{
    private readonly ProcessGroup _group = group ?? ProcessGroup.Alone;

    /// <summary>Evaluates the best weights on the test images; of several processes the first writes.</summary>
    public SplitEvaluation Write(
        IReadOnlyList<RunMetrics> metrics, long parameters, bool scoreHeldOut, CancellationToken cancellation)
    {
        _group.Meet();
        using var model = LoadBest();
        var options = new EvaluationOptions { ImportanceSamples = configuration.Evaluation.ImportanceSamples };
        NormalImages? normal = null;
        if (_group.IsFirst)
        {
            RunPictures.Write(folder, model, splits.Test, metrics);
        }

        if (scoreHeldOut && _group.IsFirst)
        {
            normal = MeasureNormal(model, splits, "There will be no verdict on other images", cancellation);
            normal?.Write(folder);
            HeldOutScores.Measure(
                model,
                splits.Validation,
                options,
                (images, of) => observer.OnHeldOut("scored", images, of),
                cancellation).Write(folder);
        }

        var evaluation = SplitEvaluation.Evaluate(
            model,
            splits,
            DataSplit.Test,
            configuration.Evaluation.Limit,
            options,
            observer.OnEvaluation,
            _group,
            cancellation);
        if (!_group.IsFirst)
        {
            return evaluation;
        }

        string learned = LearnedSummary.Of(configuration, splits, metrics, evaluation);
        evaluation = evaluation with
        {
            Learned = normal?.Features is not null
                ? $"{learned} A verdict asks a network that was trained on photographs too (evaluation.features)."
                : learned,
        };
        RunPictures.WriteLayers(folder, evaluation);
        AtomicFile.WriteAllText(
            folder.Report,
            RunReport.Write(configuration, folder.ReadCommand(), metrics, parameters, evaluation, splits.Remarks, device),
            folder.Files);
        return evaluation;
    }

    /// <summary>Examines held-out images; null, with a warning, where they do not tell what is normal.</summary>
    public NormalImages? MeasureNormal(TrainedModel model, DatasetSplits held, string without, CancellationToken cancellation)
    {
        try
        {
            return NormalImages.Measure(
                model, held, (images, of) => observer.OnHeldOut("examined", images, of), cancellation);
        }
        catch (SereException error)
        {
            observer.OnWarning($"{without}: {error.Message}");
            return null;
        }
    }

    /// <summary>The model of the best weights or, where these are damaged, of the last.</summary>
    public TrainedModel LoadBest()
    {
        try
        {
            return TrainedModel.Load(folder.Root, CheckpointChoice.Best, device, observer.OnWarning);
        }
        catch (SereException error)
        {
            observer.OnWarning($"{error.Message} The report is of the last weights.");
            return TrainedModel.Load(folder.Root, CheckpointChoice.Last, device, observer.OnWarning);
        }
    }
}

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
            ImageGrid.WritePairs(folder.Reconstructions, originals, reconstructions, Columns);
        }

        DensityGrid.Write(folder.Density, model, test, DensitySamples);
        LearningCurves.Write(
            folder.LearningCurve,
            [
                ("training", [.. metrics.Select(line => ((double)line.Epoch, line.Elbo))]),
                ("validation", [.. metrics.Select(line => ((double)line.Epoch, line.ValidationElbo))]),
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
            // Figure S8 of the paper.
            Bars.WriteLayers(
                folder.KlPerLayer,
                evaluation.Report.Model,
                evaluation.Report.KlPerLayer,
                "KL divergence per layer",
                "layer",
                "KL (nats)");
        }

        if (evaluation.ResidualGain is { } gain)
        {
            // Figure S7 of the paper.
            Bars.WriteLayers(
                folder.ResidualGain,
                evaluation.Report.Model,
                gain.PerBlock,
                "Gain of the residual data layer over gamma1 alone",
                "block",
                "gain (nats per image)");
        }
    }
}
