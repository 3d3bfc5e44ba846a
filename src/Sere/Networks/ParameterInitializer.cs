using Sere.Numerics;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Networks;

/// <summary>
/// Creates a model's parameters. Each gets a random stream of its own, numbered in the order of creation, so that the
/// same configuration and seed give the same initial model. Values are drawn in float64 and rounded to the model's type.
/// </summary>
internal sealed class ParameterInitializer
{
    // Value, gradient and two moments of each parameter; or the value, and that in the file.
    private const int CopiesInTraining = 4;
    private const int CopiesInLoading = 2;

    // Of a multiple of 16 numbers: then pieces are drawn like the whole.
    private const int Piece = 1 << 20;

    /// <summary>What to lower where a model takes too much memory.</summary>
    internal const string Smaller = "the layers, steps, latents, widths or channels of the model, or make the images smaller";

    private readonly RandomStreams _streams;
    private long _created;
    private decimal _bytes;

    /// <summary>An initializer for one model.</summary>
    /// <param name="seed">The seed of the run.</param>
    /// <param name="type">The floating-point type of the parameters.</param>
    /// <param name="device">Where the parameters are made; null for the CPU.</param>
    public ParameterInitializer(
        long seed, torch.ScalarType type = torch.ScalarType.Float32, torch.Device? device = null)
    {
        _streams = new RandomStreams(seed);
        Type = type;
        Device = device ?? torch.CPU;
    }

    /// <summary>The floating-point type of the parameters.</summary>
    public torch.ScalarType Type { get; }

    /// <summary>Where the parameters are: they are made there and never move.</summary>
    public torch.Device Device { get; }

    /// <summary>Whether the values are to be loaded: then none are drawn, and there need be no memory for training.</summary>
    internal bool IsLoaded { get; init; }

    /// <summary>Bytes that can be had.</summary>
    internal long Memory { get; init; } = ProcessMemory.Available();

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
        var values = torch.empty(shape, Type, Device).DetachFromDisposeScope();
        long count = IsLoaded ? 0 : values.numel();
        using var deviation = torch.tensor(standardDeviation, torch.ScalarType.Float64);
        for (long first = 0; first < count;)
        {
            // The last piece is never short: of fewer than 16 numbers others are drawn.
            long length = count - first < 2 * Piece ? count - first : Piece;
            using var piece = torch.randn(length, torch.ScalarType.Float64, generator: generator);
            values.view(-1).narrow(0, first, length).copy_(piece.mul_(deviation));
            first += length;
        }

        return new Parameter(values, requires_grad: true);
    }

    /// <summary>A parameter of the given shape filled with one value.</summary>
    /// <exception cref="UsageException">The parameters so far cannot be trained within the memory of this machine.</exception>
    public Parameter Constant(double value, params long[] shape)
    {
        RequireMemory(shape);
        _created++;
        return new Parameter(TensorArithmetic.Full(shape, value, Type, Device), requires_grad: true);
    }

    /// <summary>A network of its own: the <see cref="NetworkSource"/> of what is in no stack.</summary>
    internal ParameterNetwork Create(NetworkDesign design, FeatureShape input, FeatureShape output, double gain) =>
        design.Create(input, output, this, gain);

    /// <summary>A random order of 0..count-1 that does not change in training: [count], of the type of the parameters.</summary>
    internal torch.Tensor Permutation(int count)
    {
        using var scope = torch.NewDisposeScope();
        using var generator = _streams.Open(StreamPurpose.Initialization, index: _created++);
        return torch.randperm(count, generator: generator).to(Type).to(Device).DetachFromDisposeScope();
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
        var (what, copies) = IsLoaded ? ("loading", CopiesInLoading) : ("training", CopiesInTraining);
        if (Device.type == DeviceType.CPU && _bytes * copies > Memory)
        {
            const double Gibibyte = 1L << 30;
            throw new UsageException(
                $"The model is too large for this machine: {what} it takes more than {(double)(_bytes * copies) / Gibibyte:F1} "
                + $"GiB, and {Memory / Gibibyte:F1} GiB are free; {(IsLoaded ? "free some, or use a larger machine" : $"lower {Smaller}")}.");
        }
    }
}

/// <summary>
/// The data-dependent start of weight normalization (Salimans and Kingma 2016): one batch goes through the model, and each
/// normalized layer, when it is reached, sets its scales and biases so that its outputs on that batch have mean 0 and the
/// standard deviation that it starts with.
/// </summary>
internal static class DataDependentStart
{
    /// <summary>Whether a module has a layer that starts from data.</summary>
    public static bool IsUsedBy(torch.nn.Module module) => Layers(module).Any();

    /// <summary>Sets the scales and biases of all such layers of a module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="forward">Computes the module's outputs on the batch.</param>
    public static void Run(torch.nn.Module module, Action forward)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var layers = Layers(module).ToArray();
        try
        {
            foreach (var layer in layers)
            {
                layer.IsStarting = true;
            }

            forward();
        }
        finally
        {
            foreach (var layer in layers)
            {
                layer.IsStarting = false;
            }
        }
    }

    private static IEnumerable<StackedConvolution> Layers(torch.nn.Module module) =>
        module.modules().Prepend(module).OfType<StackedConvolution>().Where(layer => layer.Scale is not null);
}
