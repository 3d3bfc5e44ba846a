using Sere.Bijectors;
using Sere.Networks;
using Sere.Storage;
using Sere.Training;
using TorchSharp;

namespace Sere.Runs;

/// <summary>The tensors of a checkpoint by their names, from a trainer and back.</summary>
internal static class CheckpointTensors
{
    private const string ModelPrefix = "model.";
    private const string AveragePrefix = "average.";
    private const string OptimizerPrefix = "optimizer.";
    private const string FirstMoment = OptimizerPrefix + "first_moment";
    private const string SecondMoment = OptimizerPrefix + "second_moment";

    public static IEnumerable<(string Name, torch.Tensor Value)> Of(Trainer trainer)
    {
        foreach (var (name, value) in trainer.Parameters.Unflatten(trainer.Parameters.Values))
        {
            yield return (ModelPrefix + name, value);
        }

        if (trainer.Average is { } average)
        {
            foreach (var (name, value) in trainer.Parameters.Unflatten(average.Values))
            {
                yield return (AveragePrefix + name, value);
            }
        }

        yield return (FirstMoment, trainer.Optimizer.FirstMoment);
        yield return (SecondMoment, trainer.Optimizer.SecondMoment);
    }

    /// <summary>Brings a trainer to a checkpoint: parameters, moments of the optimizer, and the average where there is one.</summary>
    /// <exception cref="SereException">The tensors do not fit the trainer.</exception>
    public static void CopyInto(Trainer trainer, SafeTensorsFile file, string path)
    {
        CopyIntoFlat(trainer, trainer.Parameters.Values, file, ModelPrefix, path);
        CopyInto(trainer.Optimizer.FirstMoment, file, FirstMoment, path);
        CopyInto(trainer.Optimizer.SecondMoment, file, SecondMoment, path);
        if (trainer.Average is { } average)
        {
            CopyIntoFlat(trainer, average.Values, file, AveragePrefix, path);
        }
    }

    /// <summary>Whether a tensor of a checkpoint is one of the weights, or of their average.</summary>
    public static bool IsWeight(string name) => !name.StartsWith(OptimizerPrefix, StringComparison.Ordinal);

    public static void CopyWeights(torch.nn.Module model, SafeTensorsFile file, string path) =>
        CopyIntoModel(model, file, "", path);

    /// <summary>Puts the weights of a checkpoint that are for use into a model: the average, or the last ones.</summary>
    /// <exception cref="SereException">They do not fit the model, or are not finite.</exception>
    public static void CopyEvaluationValues(torch.nn.Module model, SafeTensorsFile file, string path)
    {
        bool averaged = file.Tensors.Keys.Any(name => name.StartsWith(AveragePrefix, StringComparison.Ordinal));
        CopyIntoModel(model, file, averaged ? AveragePrefix : ModelPrefix, path);
    }

    /// <summary>Fills a tensor that is laid out as the trainer's parameters.</summary>
    private static void CopyIntoFlat(
        Trainer trainer, torch.Tensor flat, SafeTensorsFile file, string prefix, string path)
    {
        foreach (var segment in trainer.Parameters.Segments)
        {
            using var slice = flat.narrow(0, segment.Offset, segment.Length).view(segment.Parameter.shape);
            CopyInto(slice, file, prefix + segment.Name, path);
        }
    }

    private static void CopyIntoModel(torch.nn.Module model, SafeTensorsFile file, string prefix, string path)
    {
        foreach (var (name, target) in (IEnumerable<(string, torch.Tensor)>)
            [.. model.named_parameters().Select(one => (one.name, (torch.Tensor)one.parameter)), .. RunningStatistics.Of(model)])
        {
            CopyInto(target, file, prefix + name, path);
            using var isFinite = target.isfinite().all();
            if (!isFinite.item<bool>())
            {
                throw new SereException(
                    $"'{path}': the tensor '{prefix + name}' holds values that are not finite, so nothing can be computed "
                    + "with it; name other weights with --checkpoint, or train again.");
            }
        }
    }

    private static void CopyInto(torch.Tensor target, SafeTensorsFile file, string name, string path)
    {
        bool isOrder = name.EndsWith($".{PermutationLayer.OrderName}", StringComparison.Ordinal);
        if (!file.Tensors.TryGetValue(name, out var value))
        {
            if (isOrder)
            {
                // An older version kept no orders: it drew them from the run's seed, as they are drawn now.
                return;
            }

            throw new SereException($"'{path}' has no tensor '{name}'; it belongs to another model or version.");
        }

        if (!value.shape.SequenceEqual(target.shape))
        {
            throw new SereException(
                $"'{path}': the tensor '{name}' has the shape [{string.Join(", ", value.shape)}], not "
                + $"[{string.Join(", ", target.shape)}]; it belongs to another model.");
        }

        if (isOrder && !PermutationLayer.IsOrder(value))
        {
            throw new SereException(
                $"'{path}': the tensor '{name}' does not hold each of 0 to {value.shape[0] - 1} once; it is damaged, or of "
                + "another model.");
        }

        target.copy_(value);
        WeightsClock.Advance();
    }
}
