using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Sere.Numerics.Kernels;

/// <summary>
/// What follows the matrix product of one layer, y = a(product + bias + addend), and its gradient, for some rows: functions
/// compiled for one activation, to be called through pointers so that what calls them need not be.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly unsafe struct ActivationRows
{
    /// <summary>Columns that a piece of the backward pass sums.</summary>
    public const int ColumnBlock = 128;

    private readonly delegate*<float*, float*, float*, int, void> _forward;
    private readonly delegate*<float*, float*, float*, float*, int, int, int, void> _backward;

    private ActivationRows(
        delegate*<float*, float*, float*, int, void> forward,
        delegate*<float*, float*, float*, float*, int, int, int, void> backward,
        bool isIdentity)
    {
        _forward = forward;
        _backward = backward;
        IsIdentity = isIdentity;
    }

    /// <summary>Whether there is no activation, so that the backward pass needs no values.</summary>
    public bool IsIdentity { get; }

    /// <summary>The functions of an activation.</summary>
    /// <typeparam name="TActivation">a.</typeparam>
    public static ActivationRows Of<TActivation>()
        where TActivation : IActivationKernel =>
        new(&ForwardRow<TActivation>, &BackwardColumns<TActivation>, typeof(TActivation) == typeof(IdentityKernel));

    /// <summary>y = a(y + bias + addend), in place, for some rows of one layer.</summary>
    /// <param name="y">All rows of the layer, of which those from <paramref name="first"/> on are to be done.</param>
    /// <param name="bias">The layer's bias, or null.</param>
    /// <param name="addend">The layer's addend, or null.</param>
    /// <param name="addendRows">Rows of the addend, which serve again and again.</param>
    /// <param name="first">The first row.</param>
    /// <param name="last">The row after the last.</param>
    /// <param name="width">Numbers of a row.</param>
    public void Forward(float* y, float* bias, float* addend, int addendRows, int first, int last, int width)
    {
        for (int row = first; row < last; row++)
        {
            float* more = addend == null ? null : addend + ((long)(row % addendRows) * width);
            _forward(y + ((long)row * width), bias, more, width);
        }
    }

    /// <summary>The gradient before the activation, g a'(x), and its sum over rows, for all rows of one layer.</summary>
    /// <param name="gradient">Gradient of the values.</param>
    /// <param name="value">The values; null for the identity, whose gradient is that of the values itself.</param>
    /// <param name="before">Where it is written; may be <paramref name="gradient"/>.</param>
    /// <param name="bias">Where the sum is written.</param>
    /// <param name="rows">Rows of the layer.</param>
    /// <param name="width">Numbers of a row.</param>
    public void Backward(float* gradient, float* value, float* before, float* bias, int rows, int width)
    {
        for (int column = 0; column < width; column += ColumnBlock)
        {
            BackwardColumns(gradient, value, before, bias, rows, width, column);
        }
    }

    /// <summary>The same for the columns from <paramref name="column"/> on, at most <see cref="ColumnBlock"/>.</summary>
    public void BackwardColumns(float* gradient, float* value, float* before, float* bias, int rows, int width, int column) =>
        _backward(
            gradient + column,
            value == null ? null : value + column,
            before + column,
            bias + column,
            rows,
            width,
            Math.Min(ColumnBlock, width - column));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ForwardRow<TActivation>(float* value, float* bias, float* addend, int width)
        where TActivation : IActivationKernel
    {
        int i = 0;
        for (; i <= width - Vector256<float>.Count; i += Vector256<float>.Count)
        {
            ForwardVector<TActivation>(value, bias, addend, i, Vector256<float>.Count);
        }

        if (i < width)
        {
            ForwardVector<TActivation>(value, bias, addend, i, width - i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void ForwardVector<TActivation>(float* value, float* bias, float* addend, int i, int count)
        where TActivation : IActivationKernel
    {
        var x = FloatMemory.Load(value + i, count);
        if (bias != null)
        {
            x += FloatMemory.Load(bias + i, count);
        }

        if (addend != null)
        {
            x += FloatMemory.Load(addend + i, count);
        }

        FloatMemory.Store(TActivation.Value(x), value + i, count);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BackwardColumns<TActivation>(
        float* gradient,
        float* value,
        float* before,
        float* bias,
        int rows,
        int width,
        int columns)
        where TActivation : IActivationKernel
    {
        float* sums = stackalloc float[ColumnBlock + Vector256<float>.Count];
        new Span<float>(sums, ColumnBlock + Vector256<float>.Count).Clear();
        for (int row = 0; row < rows; row++)
        {
            long start = (long)row * width;
            float* values = value == null ? null : value + start;
            int i = 0;
            for (; i <= columns - Vector256<float>.Count; i += Vector256<float>.Count)
            {
                BackwardVector<TActivation>(gradient + start, values, before + start, sums, i, Vector256<float>.Count);
            }

            if (i < columns)
            {
                BackwardVector<TActivation>(gradient + start, values, before + start, sums, i, columns - i);
            }
        }

        new Span<float>(sums, columns).CopyTo(new Span<float>(bias, columns));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void BackwardVector<TActivation>(
        float* gradient,
        float* value,
        float* before,
        float* sums,
        int i,
        int count)
        where TActivation : IActivationKernel
    {
        var slope = FloatMemory.Load(gradient + i, count);
        if (value != null)
        {
            slope *= TActivation.Slope(FloatMemory.Load(value + i, count));
            FloatMemory.Store(slope, before + i, count);
        }

        (Vector256.Load(sums + i) + slope).Store(sums + i);
    }
}

/// <summary>An activation whose slope follows from its value, so that a backward pass needs to keep the value alone.</summary>
internal interface IActivationKernel
{
    /// <summary>a(x).</summary>
    static abstract Vector256<float> Value(Vector256<float> x);

    /// <summary>a'(x) from a(x).</summary>
    static abstract Vector256<float> Slope(Vector256<float> value);
}

/// <summary>No activation.</summary>
internal readonly struct IdentityKernel : IActivationKernel
{
    /// <inheritdoc/>
    public static Vector256<float> Value(Vector256<float> x) => x;

    /// <inheritdoc/>
    public static Vector256<float> Slope(Vector256<float> value) => Vector256<float>.One;
}

/// <summary>x above 0, e^x - 1 below.</summary>
internal readonly struct EluKernel : IActivationKernel
{
    /// <inheritdoc/>
    public static Vector256<float> Value(Vector256<float> x) => Vector256.ConditionalSelect(
        Vector256.GreaterThan(x, Vector256<float>.Zero),
        x,
        VectorMath.Exp(Vector256.Min(x, Vector256<float>.Zero)) - Vector256<float>.One);

    /// <inheritdoc/>
    public static Vector256<float> Slope(Vector256<float> value) =>
        Vector256.Min(value, Vector256<float>.Zero) + Vector256<float>.One;
}

/// <summary>x above 0, 0 below.</summary>
internal readonly struct ReluKernel : IActivationKernel
{
    /// <inheritdoc/>
    public static Vector256<float> Value(Vector256<float> x) => Vector256.Max(x, Vector256<float>.Zero);

    /// <inheritdoc/>
    public static Vector256<float> Slope(Vector256<float> value) => Vector256.ConditionalSelect(
        Vector256.GreaterThan(value, Vector256<float>.Zero), Vector256<float>.One, Vector256<float>.Zero);
}

/// <summary>x above 0, 0.01 x below.</summary>
internal readonly struct LeakyReluKernel : IActivationKernel
{
    private const float SlopeBelow = 0.01f;

    /// <inheritdoc/>
    public static Vector256<float> Value(Vector256<float> x) =>
        Vector256.ConditionalSelect(Vector256.GreaterThan(x, Vector256<float>.Zero), x, x * SlopeBelow);

    /// <inheritdoc/>
    public static Vector256<float> Slope(Vector256<float> value) => Vector256.ConditionalSelect(
        Vector256.GreaterThan(value, Vector256<float>.Zero), Vector256<float>.One, Vector256.Create(SlopeBelow));
}

/// <summary>Hyperbolic tangent.</summary>
internal readonly struct TanhKernel : IActivationKernel
{
    /// <inheritdoc/>
    public static Vector256<float> Value(Vector256<float> x) => VectorMath.Tanh(x);

    /// <inheritdoc/>
    public static Vector256<float> Slope(Vector256<float> value) => Vector256<float>.One - (value * value);
}
