using Sere.Kernels;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Training;

/// <summary>
/// All parameters and running statistics of a model as views of one tensor, and all gradients as views of another, so that optimizer,
/// clipping, averaging and checkpoints are a handful of operations on two tensors. Backward passes accumulate in place.
/// </summary>
public sealed class FlatParameters : IDisposable
{
    private const int AlignmentBytes = 64;

    /// <summary>Takes the parameters of <paramref name="model"/> into flat buffers on their device.</summary>
    public FlatParameters(torch.nn.Module model)
    {
        ArgumentNullException.ThrowIfNull(model);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var named = model.named_parameters().ToArray();
        var type = named[0].parameter.dtype;
        var device = named[0].parameter.device;
        long alignment = AlignmentBytes / named[0].parameter.ElementSize;
        long total = 0;
        var segments = new List<ParameterSegment>(named.Length);
        void Append(string name, torch.Tensor tensor)
        {
            segments.Add(new ParameterSegment(name, tensor, total, tensor.numel()));

            // Equal bits from run to run need equal alignment of each slice.
            total += (tensor.numel() + alignment - 1) / alignment * alignment;
        }

        foreach (var (name, parameter) in named)
        {
            Append(name, parameter);
        }

        // Running statistics are saved and averaged with the parameters, and no optimizer moves them.
        int parameters = segments.Count;
        long trainable = total;
        foreach (var (name, buffer) in RunningStatistics.Of(model, areFixed: false))
        {
            Append(name, buffer);
        }

        long moving = total;
        foreach (var (name, buffer) in RunningStatistics.Of(model, areFixed: true))
        {
            Append(name, buffer);
        }

        Values = torch.zeros(total, type, device).DetachFromDisposeScope();
        Moving = Values.narrow(0, 0, moving).DetachFromDisposeScope();
        Trainable = Values.narrow(0, 0, trainable).DetachFromDisposeScope();
        Gradients = torch.zeros(trainable, type, device).DetachFromDisposeScope();
        Segments = segments;
        foreach (var (index, segment) in segments.Index())
        {
            var value = Values.narrow(0, segment.Offset, segment.Length).view(segment.Parameter.shape);
            value.copy_(segment.Parameter);
            segment.Parameter.set_(value);
            if (index < parameters)
            {
                segment.Parameter.grad =
                    Gradients.narrow(0, segment.Offset, segment.Length).view(segment.Parameter.shape);
            }
        }

        Count = segments.Take(parameters).Sum(segment => segment.Length);
    }

    /// <summary>All parameter values, with padding between segments that stays zero.</summary>
    public torch.Tensor Values { get; }

    /// <summary>The part of <see cref="Values"/> that training moves: all but what is fixed before its first step.</summary>
    public torch.Tensor Moving { get; }

    /// <summary>The part of <see cref="Values"/> that an optimizer moves: the parameters without running statistics.</summary>
    public torch.Tensor Trainable { get; }

    /// <summary>All gradients, laid out as <see cref="Trainable"/>.</summary>
    public torch.Tensor Gradients { get; }

    /// <summary>The places of the parameters, in the order of the model, and after them those of its running statistics.</summary>
    public IReadOnlyList<ParameterSegment> Segments { get; }

    /// <summary>Number of parameters, without running statistics and padding.</summary>
    public long Count { get; }

    /// <summary>
    /// The parts of a tensor that is laid out as <see cref="Values"/>, or as a first part of it, by name, on the CPU: views where
    /// it is there already.
    /// </summary>
    public IReadOnlyList<(string Name, torch.Tensor Value)> Unflatten(torch.Tensor flat)
    {
        ArgumentNullException.ThrowIfNull(flat);
        return
        [
            .. Segments.Where(segment => segment.Offset + segment.Length <= flat.numel()).Select(segment => (
                segment.Name,
                flat.narrow(0, segment.Offset, segment.Length).view(segment.Parameter.shape).cpu())),
        ];
    }

    /// <summary>The Euclidean norm of all gradients together.</summary>
    public double GradientNorm() => AdamStep.Norm(Gradients);

    /// <inheritdoc/>
    public void Dispose()
    {
        Trainable.Dispose();
        Moving.Dispose();
        Values.Dispose();
        Gradients.Dispose();
    }
}

/// <summary>The place of a parameter, or of a running statistic of the model, in the flat tensors.</summary>
/// <param name="Name">Its name in the model.</param>
/// <param name="Parameter">The parameter or statistic, a view of the flat values.</param>
/// <param name="Offset">Index of its first element.</param>
/// <param name="Length">Number of its elements.</param>
public sealed record ParameterSegment(string Name, torch.Tensor Parameter, long Offset, long Length);

/// <summary>An exponential moving average of the parameters, for evaluation.</summary>
public sealed class AveragedParameters : IDisposable
{
    private readonly double _decay;

    /// <summary>An average that starts at the given values.</summary>
    /// <param name="values">Parameters.</param>
    /// <param name="decay">d; the decay of update t is min(d, (1 + t) / (10 + t)), so that the start is soon forgotten.</param>
    public AveragedParameters(torch.Tensor values, double decay)
    {
        ArgumentNullException.ThrowIfNull(values);
        _decay = decay;
        Values = values.detach().clone().DetachFromDisposeScope();
    }

    /// <summary>The average.</summary>
    public torch.Tensor Values { get; }

    /// <summary>Takes the parameters after update <paramref name="step"/> (from 0) into the average.</summary>
    /// <param name="values">
    /// The first of the values that it started with, as far as they move: an average of what is fixed would round it.
    /// </param>
    /// <param name="step">Which update.</param>
    public void Update(torch.Tensor values, long step)
    {
        ArgumentNullException.ThrowIfNull(values);
        using var noGrad = torch.no_grad();
        using var moving = Values.narrow(0, 0, values.numel());
        double decay = Math.Min(_decay, (1.0 + step) / (10.0 + step));
        moving.TimesInPlace(decay).PlusInPlace(values, 1 - decay);
    }

    /// <summary>The same on a CUDA device, unless the step was skipped.</summary>
    internal void UpdateOnDevice(torch.Tensor values, StepConstants constants) => CudaDriver.Instance!.Launch(
        "average_step", (Math.Min((values.numel() + 255) / 256, 1056), 1, 1), (256, 1), 0,
        Values, values, constants.Numbers, values.numel());

    /// <inheritdoc/>
    public void Dispose() => Values.Dispose();
}
