using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>
/// The log-likelihood of pixels under mixtures of discretized logistics, summed over the pixels that count, and its
/// gradient: one pass over the parameters each. The formulas stand at DiscretizedLogisticMixture.
/// </summary>
internal static unsafe class LogisticMixtureKernel
{
    // Rows whose sums a piece keeps while it goes through the blocks in the order of memory.
    private const int RowBlock = 8;

    /// <summary>The sum over blocks and pixels, in float64 between rows.</summary>
    /// <param name="shape">Channels, components, levels.</param>
    /// <param name="parameters">[S, K, B, P pixels], contiguous.</param>
    /// <param name="data">[S, B, C pixels], contiguous.</param>
    /// <param name="mask">[S, 1, C pixels], contiguous; that of the first channel is taken.</param>
    /// <returns>[K, B].</returns>
    public static torch.Tensor Forward(
        LogisticMixtureShape shape, torch.Tensor parameters, torch.Tensor data, torch.Tensor mask)
    {
        var rows = new Rows(shape, parameters, data, mask);
        var total = torch.empty([parameters.shape[1], parameters.shape[2]]);
        nint target = (nint)FloatMemory.Of(total);
        ParallelWork.For(rows.Pieces, parameters.numel(), piece =>
        {
            var kept = stackalloc Vector256<float>[shape.Kept];
            int first = piece * RowBlock;
            for (int row = first; row < Math.Min(first + RowBlock, rows.Count); row++)
            {
                double sum = 0;
                for (int block = 0; block < rows.Stack; block++)
                {
                    sum += SumRow(
                        shape, rows.Parameters(block, row), rows.Data(block, row), rows.Mask(block), rows.Pixels, kept);
                }

                ((float*)target)[row] = (float)sum;
            }
        });
        GC.KeepAlive((parameters, data, mask));
        return total;
    }

    /// <summary>The gradient of the parameters.</summary>
    /// <param name="shape">Channels, components, levels.</param>
    /// <param name="gradient">Gradient of the sums, [K, B], contiguous.</param>
    /// <param name="parameters">[S, K, B, P pixels], contiguous.</param>
    /// <param name="data">[S, B, C pixels], contiguous.</param>
    /// <param name="mask">[S, 1, C pixels], contiguous.</param>
    public static torch.Tensor Backward(
        LogisticMixtureShape shape,
        torch.Tensor gradient,
        torch.Tensor parameters,
        torch.Tensor data,
        torch.Tensor mask)
    {
        var rows = new Rows(shape, parameters, data, mask);
        var result = torch.empty_like(parameters);
        nint target = (nint)FloatMemory.Of(result);
        nint source = (nint)FloatMemory.Of(gradient);
        int pieces = rows.Pieces;
        ParallelWork.For(rows.Stack * pieces, parameters.numel(), piece =>
        {
            var kept = stackalloc Vector256<float>[shape.Kept];
            int block = piece / pieces;
            int first = piece % pieces * RowBlock;
            for (int row = first; row < Math.Min(first + RowBlock, rows.Count); row++)
            {
                GradientRow(
                    shape,
                    rows.Parameters(block, row),
                    rows.Data(block, row),
                    rows.Mask(block),
                    rows.Pixels,
                    kept,
                    ((float*)source)[row],
                    (float*)target + rows.Offset(block, row));
            }
        });
        GC.KeepAlive((gradient, parameters, data, mask));
        return result;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static float SumRow(
        LogisticMixtureShape shape, float* parameters, float* data, float* mask, int pixels, Vector256<float>* kept)
    {
        var sum = Vector256<float>.Zero;
        for (int i = 0; i < pixels; i += Vector256<float>.Count)
        {
            int count = Math.Min(Vector256<float>.Count, pixels - i);
            var mixture = new LogisticMixturePixels(shape, parameters + i, data + i, pixels, count);
            mixture.Evaluate(kept, withSlopes: false);
            sum += mixture.LogLikelihood * FloatMemory.Load(mask + i, count);
        }

        return Vector256.Sum(sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void GradientRow(
        LogisticMixtureShape shape,
        float* parameters,
        float* data,
        float* mask,
        int pixels,
        Vector256<float>* kept,
        float gradient,
        float* target)
    {
        for (int i = 0; i < pixels; i += Vector256<float>.Count)
        {
            int count = Math.Min(Vector256<float>.Count, pixels - i);
            var mixture = new LogisticMixturePixels(shape, parameters + i, data + i, pixels, count);
            mixture.Evaluate(kept, withSlopes: true);
            mixture.Gradient(kept, FloatMemory.Load(mask + i, count) * gradient, target + i);
        }
    }

    [StructLayout(LayoutKind.Auto)]
    private readonly struct Rows
    {
        private readonly nint _parameters;
        private readonly nint _data;
        private readonly nint _mask;
        private readonly int _batch;
        private readonly int _width;
        private readonly int _channels;

        public Rows(LogisticMixtureShape shape, torch.Tensor parameters, torch.Tensor data, torch.Tensor mask)
        {
            _parameters = (nint)FloatMemory.Of(parameters);
            _data = (nint)FloatMemory.Of(data);
            _mask = (nint)FloatMemory.Of(mask);
            _batch = (int)parameters.shape[2];
            _width = (int)parameters.shape[3];
            _channels = shape.Channels;
            Stack = (int)parameters.shape[0];
            Count = (int)(parameters.shape[1] * parameters.shape[2]);
            Pixels = _width / shape.Parameters;
        }

        public int Stack { get; }

        public int Count { get; }

        public int Pixels { get; }

        public int Pieces => (Count + RowBlock - 1) / RowBlock;

        public long Offset(int block, int row) => (((long)block * Count) + row) * _width;

        public float* Parameters(int block, int row) => (float*)_parameters + Offset(block, row);

        public float* Data(int block, int row) =>
            (float*)_data + ((((long)block * _batch) + (row % _batch)) * _channels * Pixels);

        public float* Mask(int block) => (float*)_mask + ((long)block * _channels * Pixels);
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

/// <summary>What a <see cref="LogisticMixtureKernel"/> needs to know beside its tensors.</summary>
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

    /// <summary>Vectors that a kernel keeps: of each component a log-mass and, of each channel, two slopes.</summary>
    public int Kept => Mixtures * (1 + (2 * Channels));
}
