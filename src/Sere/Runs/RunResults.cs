using Sere.Data;
using Sere.Evaluation;
using Sere.Models.Configuration;
using Sere.Storage;
using TorchSharp;

namespace Sere.Runs;

/// <summary>What comes out of a run that is trained: figures, pictures, scores of held-out images and the report.</summary>
internal sealed class RunResults
{
    private readonly RunFolder _folder;
    private readonly ExperimentConfiguration _configuration;
    private readonly DatasetSplits _splits;
    private readonly IRunObserver _observer;
    private readonly torch.Device _device;

    public RunResults(
        RunFolder folder,
        ExperimentConfiguration configuration,
        DatasetSplits splits,
        IRunObserver observer,
        torch.Device device)
    {
        _folder = folder;
        _configuration = configuration;
        _splits = splits;
        _observer = observer;
        _device = device;
    }

    /// <summary>Evaluates the best weights on the test images and writes everything.</summary>
    /// <param name="metrics">The epochs.</param>
    /// <param name="parameters">Number of the model's parameters.</param>
    /// <param name="scoreHeldOut">Whether held-out images are scored for percentiles.</param>
    /// <param name="cancellation">Asks to stop.</param>
    public SplitEvaluation Write(
        IReadOnlyList<RunMetrics> metrics, long parameters, bool scoreHeldOut, CancellationToken cancellation)
    {
        using var model = LoadBest();
        RunPictures.Write(_folder, model, _splits.Test, metrics);
        var options = new EvaluationOptions { ImportanceSamples = _configuration.Evaluation.ImportanceSamples };
        if (scoreHeldOut)
        {
            HeldOutScores.Measure(model, _splits.Validation, options, cancellation: cancellation).Write(_folder);
        }

        var evaluation = SplitEvaluation.Evaluate(
            model, _splits, DataSplit.Test, _configuration.Evaluation.Limit, options, _observer.OnEvaluation, cancellation);
        RunPictures.WriteLayers(_folder, evaluation);
        AtomicFile.WriteAllText(
            _folder.Report,
            RunReport.Write(_configuration, _folder.ReadCommand(), metrics, parameters, evaluation, _splits.Remarks),
            _folder.Files);
        return evaluation;
    }

    private TrainedModel LoadBest()
    {
        try
        {
            return TrainedModel.Load(_folder.Root, CheckpointChoice.Best, _device, _observer.OnWarning);
        }
        catch (SereException error)
        {
            _observer.OnWarning($"{error.Message} The report is of the last weights.");
            return TrainedModel.Load(_folder.Root, CheckpointChoice.Last, _device, _observer.OnWarning);
        }
    }
}
