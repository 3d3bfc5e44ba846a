using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Kernels;

/// <summary>The nonlinearity between the layers of a network.</summary>
public enum Activation
{
    /// <summary>Exponential linear unit.</summary>
    Elu,

    /// <summary>x sigmoid(x), also called swish.</summary>
    Silu,

    /// <summary>Rectified linear unit.</summary>
    Relu,

    /// <summary>Leaky rectified linear unit with slope 0.01.</summary>
    LeakyRelu,

    /// <summary>Hyperbolic tangent.</summary>
    Tanh,
}

/// <summary>Applies an <see cref="Activation"/>.</summary>
internal static class ActivationExtensions
{
    private static readonly ActivationRows[] Kernels =
    [
        new ActivationRows<IdentityKernel>(),
        new ActivationRows<EluKernel>(),
        new ActivationRows<ReluKernel>(),
        new ActivationRows<LeakyReluKernel>(),
        new ActivationRows<TanhKernel>(),
    ];

    /// <summary>The activation of each element of <paramref name="x"/>.</summary>
    public static torch.Tensor Apply(this Activation activation, torch.Tensor x) => activation switch
    {
        Activation.Elu => x.Elu(),
        Activation.Silu => torch.nn.functional.silu(x),
        Activation.Relu => torch.nn.functional.relu(x),
        Activation.LeakyRelu => x.LeakyRelu(0.01),
        Activation.Tanh => torch.tanh(x),
    };

    /// <summary>Whether there is a kernel of an activation: its slope must follow from its value.</summary>
    public static bool HasRows(this Activation? activation) => activation is not Activation.Silu;

    /// <summary>The number of an activation in the kernels of a CUDA device.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The slope of the activation does not follow from its value.</exception>
    public static int CudaNumber(this Activation? activation) => Array.IndexOf(Kernels, activation.Rows());

    /// <summary>The kernel of an activation; of none for null.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The slope of the activation does not follow from its value.</exception>
    public static ActivationRows Rows(this Activation? activation) => activation switch
    {
        null => Kernels[0],
        Activation.Elu => Kernels[1],
        Activation.Relu => Kernels[2],
        Activation.LeakyRelu => Kernels[3],
        Activation.Tanh => Kernels[4],
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, "The kernels do not know it."),
    };
}

/// <summary>
/// What follows the matrix product of one layer, y = a(product + bias + addend), and its gradient, for some rows: compiled
/// for each activation, so that what calls it need not be.
/// </summary>
internal abstract unsafe class ActivationRows
{
    /// <summary>Columns that a piece of the backward pass sums.</summary>
    public const int ColumnBlock = 128;

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
            ForwardRow(y + ((long)row * width), bias, more, width);
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
    public abstract void BackwardColumns(
        float* gradient, float* value, float* before, float* bias, int rows, int width, int column);

    /// <summary>One row of <see cref="Forward"/>.</summary>
    protected abstract void ForwardRow(float* value, float* bias, float* addend, int width);
}

/// <summary>The rows of one activation.</summary>
/// <typeparam name="TActivation">a.</typeparam>
internal sealed unsafe class ActivationRows<TActivation> : ActivationRows
    where TActivation : IActivationKernel
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public override void BackwardColumns(
        float* gradient, float* value, float* before, float* bias, int rows, int width, int column)
    {
        int columns = Math.Min(ColumnBlock, width - column);
        float* sums = stackalloc float[ColumnBlock + Vector256<float>.Count];
        new Span<float>(sums, ColumnBlock + Vector256<float>.Count).Clear();
        for (int row = 0; row < rows; row++)
        {
            long start = ((long)row * width) + column;
            for (int i = 0; i < columns; i += Vector256<float>.Count)
            {
                var slope = FloatMemory.Load(gradient + start + i, columns - i);
                if (value != null)
                {
                    slope *= TActivation.Slope(FloatMemory.Load(value + start + i, columns - i));
                    FloatMemory.Store(slope, before + start + i, columns - i);
                }

                (Vector256.Load(sums + i) + slope).Store(sums + i);
            }
        }

        new Span<float>(sums, columns).CopyTo(new Span<float>(bias + column, columns));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void ForwardRow(float* value, float* bias, float* addend, int width)
    {
        for (int i = 0; i < width; i += Vector256<float>.Count)
        {
            int count = width - i;
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
    public static Vector256<float> Value(Vector256<float> x) => x;

    public static Vector256<float> Slope(Vector256<float> value) => Vector256<float>.One;
}

/// <summary>x above 0, e^x - 1 below.</summary>
internal readonly struct EluKernel : IActivationKernel
{
    public static Vector256<float> Value(Vector256<float> x) => Vector256.ConditionalSelect(
        Vector256.GreaterThan(x, Vector256<float>.Zero),
        x,
        VectorMath.Exp(Vector256.Min(x, Vector256<float>.Zero)) - Vector256<float>.One);

    public static Vector256<float> Slope(Vector256<float> value) =>
        Vector256.Min(value, Vector256<float>.Zero) + Vector256<float>.One;
}

/// <summary>x above 0, 0 below.</summary>
internal readonly struct ReluKernel : IActivationKernel
{
    public static Vector256<float> Value(Vector256<float> x) => Vector256.Max(x, Vector256<float>.Zero);

    public static Vector256<float> Slope(Vector256<float> value) => Vector256.ConditionalSelect(
        Vector256.GreaterThan(value, Vector256<float>.Zero), Vector256<float>.One, Vector256<float>.Zero);
}

/// <summary>x above 0, 0.01 x below.</summary>
internal readonly struct LeakyReluKernel : IActivationKernel
{
    private const float SlopeBelow = 0.01f;

    public static Vector256<float> Value(Vector256<float> x) =>
        Vector256.ConditionalSelect(Vector256.GreaterThan(x, Vector256<float>.Zero), x, x * SlopeBelow);

    public static Vector256<float> Slope(Vector256<float> value) => Vector256.ConditionalSelect(
        Vector256.GreaterThan(value, Vector256<float>.Zero), Vector256<float>.One, Vector256.Create(SlopeBelow));
}

/// <summary>Hyperbolic tangent.</summary>
internal readonly struct TanhKernel : IActivationKernel
{
    public static Vector256<float> Value(Vector256<float> x) => VectorMath.Tanh(x);

    public static Vector256<float> Slope(Vector256<float> value) => Vector256<float>.One - (value * value);
}
