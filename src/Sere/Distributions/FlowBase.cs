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
public sealed class FlowBase : torch.nn.Module
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
        ArgumentNullException.ThrowIfNull(contexts);
        ArgumentNullException.ThrowIfNull(initializer);
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
        ArgumentNullException.ThrowIfNull(contexts);
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
