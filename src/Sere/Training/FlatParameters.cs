using Sere.Numerics.Kernels;
using TorchSharp;

namespace Sere.Training;

/// <summary>
/// All parameters of a model as views of one tensor, and all their gradients as views of another, so that optimizer,
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
        foreach (var (name, parameter) in named)
        {
            segments.Add(new ParameterSegment(name, parameter, total, parameter.numel()));

            // Equal bits from run to run need equal alignment of each slice.
            total += (parameter.numel() + alignment - 1) / alignment * alignment;
        }

        Values = torch.zeros(total, type, device).DetachFromDisposeScope();
        Gradients = torch.zeros(total, type, device).DetachFromDisposeScope();
        Segments = segments;
        foreach (var segment in segments)
        {
            var value = Values.narrow(0, segment.Offset, segment.Length).view(segment.Parameter.shape);
            value.copy_(segment.Parameter);
            segment.Parameter.set_(value);
            segment.Parameter.grad =
                Gradients.narrow(0, segment.Offset, segment.Length).view(segment.Parameter.shape);
        }

        Count = segments.Sum(segment => segment.Length);
    }

    /// <summary>All parameter values, with padding between segments that stays zero.</summary>
    public torch.Tensor Values { get; }

    /// <summary>All gradients, laid out as <see cref="Values"/>.</summary>
    public torch.Tensor Gradients { get; }

    /// <summary>The parameters' places, in the order of the model.</summary>
    public IReadOnlyList<ParameterSegment> Segments { get; }

    /// <summary>Number of parameters, without padding.</summary>
    public long Count { get; }

    /// <summary>
    /// The parts of a tensor that is laid out as <see cref="Values"/>, by name, on the CPU: views where it is there already.
    /// </summary>
    public IReadOnlyList<(string Name, torch.Tensor Value)> Unflatten(torch.Tensor flat)
    {
        ArgumentNullException.ThrowIfNull(flat);
        return
        [
            .. Segments.Select(segment => (
                segment.Name,
                flat.narrow(0, segment.Offset, segment.Length).view(segment.Parameter.shape).cpu())),
        ];
    }

    /// <summary>The Euclidean norm of all gradients together.</summary>
    public double GradientNorm() => FusedKernels.Take(Gradients)
        ? Math.Sqrt(AdamKernel.SumOfSquares(Gradients))
        : Gradients.norm().to(torch.ScalarType.Float64).cpu().item<double>();

    /// <inheritdoc/>
    public void Dispose()
    {
        Values.Dispose();
        Gradients.Dispose();
    }
}
