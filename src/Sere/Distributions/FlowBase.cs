using Sere.Kernels;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Distributions;

/// <summary>
/// The base distribution of a flow. Its unconstrained parameters are a learned constant plus a residual contribution of
/// each context (section 4.2.2: a latent hierarchy refines the base layer by layer); bounds come after the sum: means are
/// free, log-scales lie within 5, and u within sqrt(min(1, 10/N)).
/// </summary>
internal sealed class FlowBase : torch.nn.Module
{
    private const double LogScaleBound = 5;

    // Small enough that it starts near N(0, I); u has no gradient at zero.
    private const double InitialGain = 0.1;
    private readonly FlowBaseKind _kind;
    private readonly int _dimensions;
    private readonly Parameter[] _constant;
    private readonly Mlp[] _contributions;
    private readonly torch.ScalarType _type;
    private readonly torch.Device _device;

    /// <summary>A base with freshly drawn parameters.</summary>
    /// <param name="kind">Which distribution.</param>
    /// <param name="dimensions">N.</param>
    /// <param name="contexts">Sizes of the contexts; none for a base of constants.</param>
    /// <param name="hidden">Hidden widths of the network of each context.</param>
    /// <param name="activation">Its activation.</param>
    /// <param name="initializer">Draws the parameters.</param>
    public FlowBase(
        FlowBaseKind kind,
        int dimensions,
        IReadOnlyList<int> contexts,
        IReadOnlyList<int> hidden,
        Activation activation,
        ParameterInitializer initializer)
        : base(nameof(FlowBase))
    {
        _kind = kind;
        _dimensions = dimensions;
        _type = initializer.Type;
        _device = initializer.Device;
        int outputs = dimensions * kind switch
        {
            FlowBaseKind.Standard => 0,
            FlowBaseKind.Diagonal => 2,
            FlowBaseKind.UnitRank => 3,
        };
        _constant = outputs == 0 ? [] : [initializer.Normal(InitialGain, outputs)];
        _contributions = outputs == 0
            ? []
            : [.. contexts.Select(size => new Mlp(size, hidden, outputs, activation, initializer, InitialGain))];
        if (outputs > 0)
        {
            register_parameter("constant", _constant[0]);
        }

        foreach (var (index, contribution) in _contributions.Index())
        {
            register_module($"contribution{index}", contribution);
        }
    }

    /// <summary>The distribution for contexts, each [..., C_l]; none for a base of constants.</summary>
    /// <returns>A distribution over vectors of N dimensions, which is <see cref="IReparameterized"/>.</returns>
    public Distribution Bind(IReadOnlyList<torch.Tensor> contexts)
    {
        if (_kind == FlowBaseKind.Standard)
        {
            var zero = torch.zeros(_dimensions, _type, _device);
            return new DiagonalNormal(zero, zero);
        }

        torch.Tensor sum = _constant[0];
        foreach (var (contribution, context) in _contributions.Zip(contexts))
        {
            sum = sum.Plus(contribution.Forward(context));
        }

        var parts = sum.chunk(_kind == FlowBaseKind.Diagonal ? 2 : 3, -1);
        var logScale = SmoothBounds.Symmetric(parts[1], LogScaleBound);
        return _kind == FlowBaseKind.Diagonal
            ? new DiagonalNormal(parts[0], logScale)
            : new UnitRankNormal(
                parts[0], logScale, parts[2].tanh().Times(Math.Sqrt(Math.Min(1, 10.0 / _dimensions))));
    }
}

/// <summary>The distribution that a flow starts from.</summary>
public enum FlowBaseKind
{
    /// <summary>N(0, I).</summary>
    Standard,

    /// <summary>Independent normal dimensions.</summary>
    Diagonal,

    /// <summary>A normal of the precision diag(d) + u u^T (Rezende et al. 2014).</summary>
    UnitRank,
}

/// <summary>
/// A normal distribution with the precision matrix P = diag(d) + u u^T (Rezende et al. 2014, eq. 9), all in O(N):
/// log|P| = sum log d + log(1 + u^T D^-1 u); a draw is mean + R n with R = D^-1/2 - k D^-1 u u^T D^-1/2, where
/// eta = 1 / (1 + u^T D^-1 u) and k = eta / (1 + sqrt(eta)), so that R R^T = P^-1, also at u = 0.
/// </summary>
/// <param name="mean">[..., N].</param>
/// <param name="logDiagonal">log d, [..., N].</param>
/// <param name="direction">u, [..., N].</param>
internal sealed class UnitRankNormal(torch.Tensor mean, torch.Tensor logDiagonal, torch.Tensor direction)
    : Distribution, IReparameterized
{
    private static readonly double LogTwoPi = Math.Log(2 * Math.PI);

    public override int EventRank => 1;

    public override torch.Tensor LogProb(torch.Tensor x)
    {
        var residual = x - mean;
        var projection = (direction * residual).sum(-1);
        var quadratic = (logDiagonal.exp() * residual.Square()).sum(-1).Plus(projection.Square());
        return (LogPrecision() - quadratic).Times(0.5).Minus(0.5 * residual.shape[^1] * LogTwoPi);
    }

    public torch.Tensor FromNoise(torch.Tensor noise, double temperature = 1)
    {
        var scaled = logDiagonal.Times(-0.5).exp() * (temperature == 1 ? noise : noise.Times(temperature));
        var covector = direction * (-logDiagonal).exp();
        var eta = (direction * covector).sum(-1, keepdim: true).Plus(1).reciprocal();
        var k = eta / eta.sqrt().Plus(1);
        return mean.Plus(scaled) - (covector * k * (direction * scaled).sum(-1, keepdim: true));
    }

    private torch.Tensor LogPrecision()
    {
        var capacitance = (direction.Square() * (-logDiagonal).exp()).sum(-1);
        return logDiagonal.sum(-1).Plus(capacitance.log1p());
    }
}
