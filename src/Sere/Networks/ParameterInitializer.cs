using Sere.Numerics;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Networks;

/// <summary>
/// Creates a model's parameters. Each gets a random stream of its own, numbered in the order of creation, so that the
/// same configuration and seed give the same initial model. Values are drawn in float64 and rounded to the model's type.
/// </summary>
public sealed class ParameterInitializer
{
    // Value, gradient and two moments of each parameter.
    private const int CopiesInTraining = 4;
    private readonly RandomStreams _streams;
    private readonly long _memory;
    private long _created;
    private decimal _bytes;

    /// <summary>An initializer for one model.</summary>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="type">The floating-point type of the parameters.</param>
    /// <param name="device">Where the parameters are made; null for the CPU.</param>
    public ParameterInitializer(
        long seed,
        torch.ScalarType type = torch.ScalarType.Float32,
        torch.Device? device = null)
    {
        _streams = new RandomStreams(seed);
        _memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        Type = type;
        Device = device ?? torch.CPU;
    }

    /// <summary>The floating-point type of the parameters.</summary>
    public torch.ScalarType Type { get; }

    /// <summary>Where the parameters are: they are made there and never move.</summary>
    public torch.Device Device { get; }

    /// <summary>A parameter of the given shape with independent normal values of mean 0.</summary>
    /// <param name="standardDeviation">The standard deviation; 0 gives zeros.</param>
    /// <param name="shape">The parameter's shape.</param>
    /// <exception cref="UsageException">The parameters so far cannot be trained within the memory of this machine.</exception>
    public Parameter Normal(double standardDeviation, params long[] shape)
    {
        RequireMemory(shape);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        using var generator = _streams.Open(StreamPurpose.Initialization, index: _created++);
        var values = torch.randn(shape, torch.ScalarType.Float64, generator: generator) * standardDeviation;
        return new Parameter(values.to(Type).to(Device).DetachFromDisposeScope(), requires_grad: true);
    }

    /// <summary>A parameter of the given shape filled with one value.</summary>
    /// <exception cref="UsageException">The parameters so far cannot be trained within the memory of this machine.</exception>
    public Parameter Constant(double value, params long[] shape)
    {
        RequireMemory(shape);
        _created++;
        return new Parameter(torch.full(shape, value, Type, Device), requires_grad: true);
    }

    /// <summary>A random order of 0..count-1 that does not change in training: int64 [count], which the caller owns.</summary>
    internal torch.Tensor Permutation(int count)
    {
        using var generator = _streams.Open(StreamPurpose.Initialization, index: _created++);
        return torch.randperm(count, generator: generator).to(Device);
    }

    /// <summary>Refuses a model that is too large before its memory is asked for.</summary>
    private void RequireMemory(long[] shape)
    {
        decimal size = Type == torch.ScalarType.Float64 ? sizeof(double) : sizeof(float);
        foreach (long length in shape)
        {
            // A shape can be larger than any number of bytes that a long holds.
            size = Math.Min(size * length, decimal.MaxValue / int.MaxValue);
        }

        _bytes += size;
        if (Device.type == DeviceType.CPU && _bytes * CopiesInTraining > _memory)
        {
            const double Gibibyte = 1L << 30;
            throw new UsageException(
                $"The model is too large for this machine: training it takes more than {(double)(_bytes * CopiesInTraining) / Gibibyte:F0} "
                + $"GiB, and there are {_memory / Gibibyte:F0} GiB; lower model.layers, model.latents or the widths in "
                + "network.hidden, or make the images smaller.");
        }
    }
}
