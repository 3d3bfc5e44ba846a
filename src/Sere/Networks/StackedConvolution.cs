using Sere.Numerics;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Networks;

/// <summary>
/// S convolutions of one form with independent weights, computed as one grouped convolution: [R, S inputs, H, W] to
/// [R, S outputs, ceil(H / stride), ceil(W / stride)] where the kernel is a padded square. With weight normalization
/// (Salimans and Kingma 2016), the weight of an output channel is w = g v / |v|, and the first batch sets g and b so that its
/// outputs have mean 0 and standard deviation <c>gain</c>.
/// </summary>
internal sealed class StackedConvolution : torch.nn.Module
{
    // Below it an output is constant on the batch, and scaling it up would only raise rounding errors.
    private const double LeastDeviation = 1e-5;

    private readonly Parameter _direction;
    private readonly Parameter? _scale;
    private readonly Parameter _bias;
    private readonly int _stack;
    private readonly int _inputs;
    private readonly int _outputs;
    private readonly (int Height, int Width) _kernel;
    private readonly int _padding;
    private readonly int _stride;
    private readonly double _gain;
    private torch.Tensor? _kept;

    /// <summary>A stack of convolutions of square kernels, whose inputs are padded so that no place is lost.</summary>
    /// <param name="stack">Number of them, S.</param>
    /// <param name="inputs">Input channels of each.</param>
    /// <param name="outputs">Output channels of each.</param>
    /// <param name="kernel">Side of the kernel, odd.</param>
    /// <param name="stride">Step between two outputs.</param>
    /// <param name="isWeightNormalized">Whether the weights are normalized.</param>
    /// <param name="gain">Standard deviation of the outputs at the start, for inputs of variance 1.</param>
    /// <param name="initializer">Draws the initial weights.</param>
    public StackedConvolution(
        int stack,
        int inputs,
        int outputs,
        int kernel,
        int stride,
        bool isWeightNormalized,
        double gain,
        ParameterInitializer initializer)
        : this(stack, inputs, outputs, (kernel, kernel), kernel / 2, stride, isWeightNormalized, gain, initializer)
    {
    }

    /// <summary>A stack of convolutions of rectangular kernels, without padding.</summary>
    /// <param name="stack">Number of them, S.</param>
    /// <param name="inputs">Input channels of each.</param>
    /// <param name="outputs">Output channels of each.</param>
    /// <param name="kernel">Rows and columns of the kernel.</param>
    /// <param name="gain">Standard deviation of the outputs at the start, for inputs of variance 1.</param>
    /// <param name="initializer">Draws the initial weights.</param>
    /// <param name="isWeightNormalized">Whether the weights are normalized.</param>
    public StackedConvolution(
        int stack,
        int inputs,
        int outputs,
        (int Height, int Width) kernel,
        double gain,
        ParameterInitializer initializer,
        bool isWeightNormalized = true)
        : this(stack, inputs, outputs, kernel, padding: 0, stride: 1, isWeightNormalized, gain, initializer)
    {
    }

    private StackedConvolution(
        int stack,
        int inputs,
        int outputs,
        (int Height, int Width) kernel,
        int padding,
        int stride,
        bool isWeightNormalized,
        double gain,
        ParameterInitializer initializer)
        : base(nameof(StackedConvolution))
    {
        (_stack, _inputs, _outputs, _kernel, _padding) = (stack, inputs, outputs, kernel, padding);
        (_stride, _gain) = (stride, gain);
        double fanIn = (double)inputs * kernel.Height * kernel.Width;
        long channels = (long)stack * outputs;
        _direction = initializer.Normal(
            (isWeightNormalized ? 1 : gain) / Math.Sqrt(fanIn), channels, inputs, kernel.Height, kernel.Width);
        _bias = initializer.Constant(0, channels);
        register_parameter("weight", _direction);
        register_parameter("bias", _bias);
        if (isWeightNormalized)
        {
            _scale = initializer.Constant(gain, channels);
            register_parameter("scale", _scale);
        }
    }

    /// <summary>Whether the next batch sets the scales and biases of normalized weights.</summary>
    public bool IsStarting { get; set; }

    /// <summary>Norms of the weights of each output channel, g, [S outputs]; null without weight normalization.</summary>
    public Parameter? Scale => _scale;

    /// <summary>The weights that are applied, [S outputs, inputs, kernel, kernel].</summary>
    public torch.Tensor Weight() => Weight(0, _stack);

    /// <summary>Weights and biases of one of the stack, [outputs, inputs, kernel, kernel] and [outputs].</summary>
    public (torch.Tensor Weight, torch.Tensor Bias) Member(int index) => (Weight(index, 1), Rows(_bias, index, 1));

    /// <summary>
    /// Computes normalized weights once, for where no gradient is asked for. They must not change any more, unless
    /// <see cref="train"/> says that they will.
    /// </summary>
    public void KeepWeights()
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        _kept?.Dispose();
        _kept = null;
        _kept = _scale is null ? null : Weight().DetachFromDisposeScope();
    }

    /// <inheritdoc/>
    public override void train(bool on = true)
    {
        if (on)
        {
            _kept?.Dispose();
            _kept = null;
        }

        base.train(on);
    }

    /// <summary>Sets the bias to these values, [S outputs].</summary>
    public void InitializeBias(torch.Tensor values) => _bias.copy_(values.view(_bias.shape));

    /// <summary>The outputs of some of the stack.</summary>
    /// <param name="x">[R, count inputs, H, W], or [R, inputs, H, W] shared by all.</param>
    /// <param name="first">The first of them.</param>
    /// <param name="count">How many; null for all.</param>
    public torch.Tensor Forward(torch.Tensor x, int first = 0, int? count = null)
    {
        int members = count ?? _stack;
        var weight = Weight(first, members);
        if (IsStarting)
        {
            Start(Convolve(x, weight, null, members), first, members);
            weight = Weight(first, members);
        }

        return Convolve(x, weight, Rows(_bias, first, members), members);
    }

    private torch.Tensor Convolve(torch.Tensor x, torch.Tensor weight, torch.Tensor? bias, int members)
    {
        int groups = x.shape[1] == _inputs ? 1 : members;
        if (_kernel == (1, 1) && x.shape[2] == 1 && x.shape[3] == 1)
        {
            return Multiply(x, weight, bias, groups);
        }

        return groups == 1 && members > 1 && !x.requires_grad
            ? ConvolveShared(x, weight, bias)
            : TensorMath.Convolve(x, weight, bias, _stride, _padding, groups);
    }

    /// <summary>Without a grid a convolution is a matrix product, which is faster.</summary>
    private torch.Tensor Multiply(torch.Tensor x, torch.Tensor weight, torch.Tensor? bias, int groups)
    {
        long rows = x.shape[0];
        if (groups == 1)
        {
            var single = x.reshape(rows, -1);
            var matrix = weight.view(weight.shape[0], -1);
            var product = bias is null ? TensorMath.MatrixMultiply(single, matrix) : TensorMath.Linear(single, matrix, bias);
            return product.view(rows, -1, 1, 1);
        }

        var stacked = x.reshape(rows, groups, _inputs).transpose(0, 1);
        var matrices = weight.view(groups, _outputs, _inputs).transpose(1, 2);
        var products = bias is null
            ? TensorMath.MatrixMultiply(stacked, matrices)
            : TensorMath.BatchMultiplyAdd(bias.view(groups, 1, _outputs), stacked, matrices);
        return products.transpose(0, 1).reshape(rows, -1, 1, 1);
    }

    /// <summary>
    /// The patches of an input that all share are cut out once, and one matrix product serves the whole stack: a
    /// convolution of few channels to many runs at a tenth of its rate.
    /// </summary>
    private torch.Tensor ConvolveShared(torch.Tensor x, torch.Tensor weight, torch.Tensor? bias)
    {
        long height = ((x.shape[2] + (2 * _padding) - _kernel.Height) / _stride) + 1;
        long width = ((x.shape[3] + (2 * _padding) - _kernel.Width) / _stride) + 1;
        var patches = torch.nn.functional.unfold(
            x, _kernel, padding: (_padding, _padding), stride: (_stride, _stride));
        var matrix = weight.view(1, weight.shape[0], -1).expand(x.shape[0], -1, -1);
        var y = TensorMath.MatrixMultiply(matrix, patches);
        return (bias is null ? y : y.Plus(bias.view(1, -1, 1))).view(x.shape[0], -1, height, width);
    }

    private torch.Tensor Weight(int first, int members)
    {
        if (_kept is not null && !torch.is_grad_enabled())
        {
            return Rows(_kept, first, members);
        }

        var direction = Rows(_direction, first, members);
        if (_scale is null)
        {
            return direction;
        }

        var norm = direction.view(direction.shape[0], -1).norm(1, keepdim: true, p: 2);
        return direction * (Rows(_scale, first, members).view(-1, 1) / norm).view(-1, 1, 1, 1);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _kept?.Dispose();
        }

        base.Dispose(disposing);
    }

    private torch.Tensor Rows(torch.Tensor parameter, int first, int members) =>
        members == _stack ? parameter : parameter.narrow(0, (long)first * _outputs, (long)members * _outputs);

    /// <summary>Sets the scales and biases of those of the stack that computed.</summary>
    private void Start(torch.Tensor outputs, int first, int members)
    {
        using var noGrad = torch.no_grad();
        var columns = outputs.transpose(0, 1).reshape(outputs.shape[1], -1);
        var mean = columns.mean([1]);
        var deviation = columns.std([1], unbiased: false);
        var factor = torch.where(
            deviation.IsAbove(LeastDeviation), deviation.reciprocal().Times(_gain), torch.ones_like(deviation));
        if (_scale is not null)
        {
            Rows(_scale, first, members).mul_(factor);
            Rows(_bias, first, members).copy_(-mean * factor);
        }
    }
}

/// <summary>A convolution of a stack with what keeps its outputs at one scale.</summary>
internal sealed class NormalizedConvolution : torch.nn.Module
{
    private readonly StackedConvolution _convolution;
    private readonly BatchNormalization? _batch;
    private readonly int _outputs;

    /// <summary>A stack of convolutions, batch-normalized where asked.</summary>
    public NormalizedConvolution(
        int stack, int inputs, int outputs, int kernel, int stride, Normalization normalization, double gain, ParameterInitializer initializer)
        : base(nameof(NormalizedConvolution))
    {
        _outputs = outputs;
        _convolution = new StackedConvolution(
            stack, inputs, outputs, kernel, stride, normalization == Normalization.Weight, gain, initializer);
        register_module("convolution", _convolution);
        if (normalization == Normalization.Batch)
        {
            _batch = new BatchNormalization(stack * outputs, initializer, gain);
            register_module("norm", _batch);
        }
    }

    /// <summary>As <see cref="StackedConvolution.Forward"/>.</summary>
    public torch.Tensor Forward(torch.Tensor x, int first, int count)
    {
        var y = _convolution.Forward(x, first, count);
        return _batch is null ? y : _batch.Forward(y, first * _outputs, count * _outputs);
    }
}
