using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Kernels;

/// <summary>
/// The log-likelihood of pixels under mixtures of discretized logistics, summed over the pixels that count: one pass over
/// the parameters each for value and gradient. The formulas stand at DiscretizedLogisticMixture, and with them the plain
/// form, of whose terms samples are drawn, too.
/// </summary>
internal sealed unsafe class LogisticMixtureLogLikelihood : BlockLogLikelihood
{
    private readonly LogisticMixtureShape _shape;

    private LogisticMixtureLogLikelihood(LogisticMixtureShape shape)
    {
        _shape = shape;
    }

    /// <inheritdoc/>
    protected override int RowBlock => 8;

    /// <inheritdoc/>
    protected override int Scratch => _shape.Kept * Vector256<float>.Count;

    /// <summary>The sum over blocks and pixels in nats, [K, B].</summary>
    /// <param name="shape">Channels, components, levels.</param>
    /// <param name="parameters">[S, K, B, P pixels].</param>
    /// <param name="data">[S, B, C pixels].</param>
    /// <param name="mask">[S, 1, C pixels]; that of the first channel is taken.</param>
    /// <param name="plain">The plain form.</param>
    public static torch.Tensor Apply(
        LogisticMixtureShape shape,
        torch.Tensor parameters,
        torch.Tensor data,
        torch.Tensor mask,
        Func<torch.Tensor> plain) =>
        FusedKernels.Take(parameters, withoutGradient: [data, mask]) || FusedKernels.TakeOnCuda(parameters, data, mask)
            ? new LogisticMixtureLogLikelihood(shape).Sum(parameters, data, mask)
            : plain();

    /// <inheritdoc/>
    protected override void SumOnCuda(BlockSizes sizes, IReadOnlyList<torch.Tensor> inputs, torch.Tensor total)
    {
        var shape = _shape.OnCuda;
        CudaDriver.Instance!.Launch(
            "mixture_forward", (sizes.Rows, 1, 1), (128, 1), 0,
            inputs[0], inputs[1], inputs[2], total, sizes.Stack, sizes.Rows, sizes.Batch, sizes.Parameters, sizes.Width,
            CudaArgument.Of(&shape));
    }

    /// <inheritdoc/>
    protected override void GradientOnCuda(
        BlockSizes sizes, IReadOnlyList<torch.Tensor> inputs, torch.Tensor gradient, torch.Tensor result)
    {
        var shape = _shape.OnCuda;
        long pixels = (long)sizes.Stack * sizes.Rows * (sizes.Width / _shape.Channels);
        CudaDriver.Instance!.Launch(
            "mixture_backward", (Math.Min((pixels + 127) / 128, 8192), 1, 1), (128, 1), 0,
            gradient, inputs[0], inputs[1], inputs[2], result, pixels, sizes.Rows, sizes.Batch, sizes.Parameters, sizes.Width,
            CudaArgument.Of(&shape));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override float SumRow(in Row row, float* scratch)
    {
        int pixels = row.ParameterCount / _shape.Parameters;
        var sum = Vector256<float>.Zero;
        for (int i = 0; i < pixels; i += Vector256<float>.Count)
        {
            int count = Math.Min(Vector256<float>.Count, pixels - i);
            var mixture = new LogisticMixturePixels(_shape, row.Parameters + i, row.Data + i, pixels, count);
            mixture.Evaluate((Vector256<float>*)scratch, withSlopes: false);
            sum += mixture.LogLikelihood * FloatMemory.Load(row.Mask + i, count);
        }

        return Vector256.Sum(sum);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void GradientRow(in Row row, float* scratch, float gradient, float* target)
    {
        int pixels = row.ParameterCount / _shape.Parameters;
        for (int i = 0; i < pixels; i += Vector256<float>.Count)
        {
            int count = Math.Min(Vector256<float>.Count, pixels - i);
            var mixture = new LogisticMixturePixels(_shape, row.Parameters + i, row.Data + i, pixels, count);
            mixture.Evaluate((Vector256<float>*)scratch, withSlopes: true);
            mixture.Gradient((Vector256<float>*)scratch, FloatMemory.Load(row.Mask + i, count) * gradient, target + i);
        }
    }
}

/// <summary>Up to eight pixels under their mixtures of discretized logistics: log-likelihood and slopes.</summary>
[StructLayout(LayoutKind.Auto)]
internal unsafe ref struct LogisticMixturePixels
{
    private readonly LogisticMixtureShape _shape;
    private readonly float* _parameters;
    private readonly int _stride;
    private readonly int _count;
    private readonly float _halfBin;
    private Vector256<float> _first;
    private Vector256<float> _second;
    private Vector256<float> _third;
    private Vector256<float> _logWeights;
    private Vector256<float> _logMass;

    /// <summary>Pixels at a place of a row.</summary>
    /// <param name="shape">Channels, components, levels.</param>
    /// <param name="parameters">Their first parameter.</param>
    /// <param name="data">Their first channel.</param>
    /// <param name="stride">Numbers from a parameter, or channel, to the next.</param>
    /// <param name="count">How many pixels.</param>
    public LogisticMixturePixels(LogisticMixtureShape shape, float* parameters, float* data, int stride, int count)
    {
        _shape = shape;
        _parameters = parameters;
        _stride = stride;
        _count = count;
        _halfBin = 1f / (shape.Levels - 1);
        _first = Level(data);
        if (shape.Channels > 1)
        {
            _second = Level(data + stride);
            _third = Level(data + (2 * stride));
        }
    }

    /// <summary>log p of each pixel, once evaluated.</summary>
    public readonly Vector256<float> LogLikelihood => _logMass - _logWeights;

    /// <summary>
    /// Keeps of each component its logit and log-mass together and, where asked, of each channel the slopes of that in mean
    /// and scale.
    /// </summary>
    public void Evaluate(Vector256<float>* kept, bool withSlopes)
    {
        int mixtures = _shape.Mixtures;
        var most = Vector256.Create(float.NegativeInfinity);
        var mostLogit = most;
        for (int m = 0; m < mixtures; m++)
        {
            var logit = Parameter(m);
            mostLogit = Vector256.Max(mostLogit, logit);
            var mass = logit;
            for (int channel = 0; channel < _shape.Channels; channel++)
            {
                int place = (channel * mixtures) + m;
                mass += LogMass(channel, m, kept + mixtures + (2 * place), withSlopes);
            }

            kept[m] = mass;
            most = Vector256.Max(most, mass);
        }

        var sum = Vector256<float>.Zero;
        var logitSum = Vector256<float>.Zero;
        for (int m = 0; m < mixtures; m++)
        {
            sum += VectorMath.Exp(kept[m] - most);
            logitSum += VectorMath.Exp(Parameter(m) - mostLogit);
        }

        _logMass = most + Vector256.Log(sum);
        _logWeights = mostLogit + Vector256.Log(logitSum);
    }

    /// <summary>Writes the gradient of the log-likelihood times a factor.</summary>
    /// <param name="kept">From <see cref="Evaluate"/>, with slopes.</param>
    /// <param name="factor">Of each pixel.</param>
    /// <param name="target">Where their first parameter's goes.</param>
    public readonly void Gradient(Vector256<float>* kept, Vector256<float> factor, float* target)
    {
        int mixtures = _shape.Mixtures;
        int means = _shape.Channels * mixtures;
        for (int m = 0; m < mixtures; m++)
        {
            var share = VectorMath.Exp(kept[m] - _logMass) * factor;
            Store(share - (VectorMath.Exp(Parameter(m) - _logWeights) * factor), target, m);
            for (int channel = 0; channel < _shape.Channels; channel++)
            {
                int place = (channel * mixtures) + m;
                var slope = kept[mixtures + (2 * place)] * share;
                Store(slope, target, mixtures + place);
                Store(kept[mixtures + (2 * place) + 1] * share, target, mixtures + means + place);
                for (int earlier = 0; earlier < channel; earlier++)
                {
                    int coefficient = Coefficient(channel, earlier, m);
                    var tanh = VectorMath.Tanh(Parameter(coefficient));
                    Store(slope * Value(earlier) * (Vector256<float>.One - (tanh * tanh)), target, coefficient);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly Vector256<float> LogMass(int channel, int m, Vector256<float>* slopes, bool withSlopes)
    {
        int place = _shape.Mixtures + (channel * _shape.Mixtures) + m;
        var mean = Parameter(place);
        for (int earlier = 0; earlier < channel; earlier++)
        {
            mean += VectorMath.Tanh(Parameter(Coefficient(channel, earlier, m))) * Value(earlier);
        }

        var raw = Parameter(place + (_shape.Channels * _shape.Mixtures));
        var inverse = Vector256<float>.One
            / (VectorMath.Softplus(raw, out var scaleSlope) + Vector256.Create(_shape.ScaleFloor));
        var level = Levels(channel);
        var distance = Value(channel) - mean;
        var half = Vector256.Create(_halfBin);
        var a = (distance + half) * inverse;
        var b = (distance - half) * inverse;
        var bin = (half + half) * inverse;
        var inside = VectorMath.OneMinusExp(bin);
        var notLast = One(Vector256.LessThan(level, Vector256.Create(_shape.Levels - 1f)));
        var notFirst = One(Vector256.GreaterThan(level, Vector256<float>.Zero));
        var belowUpper = VectorMath.Softplus(-a, out var left) * notLast;
        var aboveLower = VectorMath.Softplus(b, out var right) * notFirst;
        if (withSlopes)
        {
            left *= notLast;
            right *= notFirst;
            var width = notLast * notFirst * (Vector256<float>.One - inside) / inside;
            slopes[0] = (right - left) * inverse;
            slopes[1] = ((right * b) - (left * a) - (width * bin)) * inverse * scaleSlope;
        }

        return (notLast * notFirst * Vector256.Log(inside)) - belowUpper - aboveLower;
    }

    private static Vector256<float> One(Vector256<float> condition) => condition & Vector256<float>.One;

    private readonly int Coefficient(int channel, int earlier, int m) =>
        _shape.Mixtures * (1 + (2 * _shape.Channels) + (channel * (channel - 1) / 2) + earlier) + m;

    private readonly Vector256<float> Level(float* data) =>
        Vector256.Round(FloatMemory.Load(data, _count) * Vector256.Create(_shape.Levels - 1f));

    private readonly Vector256<float> Levels(int channel) => channel == 0 ? _first : channel == 1 ? _second : _third;

    private readonly Vector256<float> Value(int channel) =>
        (Levels(channel) * Vector256.Create(2 * _halfBin)) - Vector256<float>.One;

    private readonly Vector256<float> Parameter(int index) => FloatMemory.Load(_parameters + ((long)index * _stride), _count);

    private readonly void Store(Vector256<float> value, float* target, int index) =>
        FloatMemory.Store(value, target + ((long)index * _stride), _count);
}

/// <summary>What a <see cref="LogisticMixtureLogLikelihood"/> needs to know beside its tensors.</summary>
/// <param name="Channels">C, at most 3.</param>
/// <param name="Mixtures">M.</param>
/// <param name="Levels">V.</param>
/// <param name="ScaleFloor">Added to the softplus of a scale.</param>
internal sealed record LogisticMixtureShape(int Channels, int Mixtures, int Levels, float ScaleFloor)
{
    /// <summary>Parameters of a pixel.</summary>
    public int Parameters => Mixtures * (1 + (2 * Channels) + Coefficients);

    /// <summary>Of a component.</summary>
    public int Coefficients => Channels * (Channels - 1) / 2;

    /// <summary>As the kernels of a CUDA device take it.</summary>
    public CudaMixtureShape OnCuda => new() { Channels = Channels, Mixtures = Mixtures, Levels = Levels, ScaleFloor = ScaleFloor };

    /// <summary>Vectors that a kernel keeps: of each component a log-mass and, of each channel, two slopes.</summary>
    public int Kept => Mixtures * (1 + (2 * Channels));
}

/// <summary>MixtureShape of LogisticMixtureLogLikelihood.cu.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CudaMixtureShape
{
    public int Channels;
    public int Mixtures;
    public int Levels;
    public float ScaleFloor;
}
