using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// A neural spline flow of couplings (Durkan et al. 2019), in which the halves take turns. JSON kind "spline-coupling".
/// </summary>
public sealed record SplineCoupling : BijectorChoice
{
    /// <summary>
    /// The network of each coupling, from one half of the variables and z_{l-1} to the splines of the other.
    /// </summary>
    public NetworkDesign Network { get; init; } = new PerceptronDesign();

    /// <summary>Couplings.</summary>
    [In("[1, 1000]")] public int Steps { get; init; } = 2;

    /// <summary>Bins of each spline.</summary>
    [In("[1, 1000]")] public int Bins { get; init; } = 8;

    /// <summary>The splines map the interval from -tailBound to tailBound, and nothing outside it.</summary>
    [In("(0, 1000000]")] public double TailBound { get; init; } = 3;

    internal override AmortizedBijector Build(BijectorSlot slot) => new NeuralSplineCouplingLayer(
        slot.Latents, slot.Context, Steps, new SplineSettings(Bins, TailBound), Network, slot.Grid, slot.Initializer);
}

/// <summary>
/// Neural spline flow with coupling transformations, RQ-NSF (C) (Durkan et al. 2019): in each step one half of the vector
/// passes and, with the context, decides the rational-quadratic splines of the other half; the halves take turns. It starts
/// near the identity.
/// </summary>
internal sealed class NeuralSplineCouplingLayer : AmortizedBijector
{
    // Small enough that a step starts near the identity, large enough that every weight has a gradient.
    private const double OutputGain = 0.1;
    private readonly ContextNetwork[] _steps;
    private readonly SplineSettings _splines;
    private readonly int _dimensions;
    private readonly int _context;
    private readonly bool _isOnGrid;

    /// <summary>A flow with freshly drawn parameters.</summary>
    /// <param name="dimensions">N.</param>
    /// <param name="context">Size of the context; 0 for none.</param>
    /// <param name="steps">Couplings, at least 1; two change every element.</param>
    /// <param name="splines">Bins and bound of the splines.</param>
    /// <param name="network">The network of each step.</param>
    /// <param name="grid">The grid on which the elements lie; each half then holds whole channels.</param>
    /// <param name="initializer">Draws the weights.</param>
    public NeuralSplineCouplingLayer(
        int dimensions,
        int context,
        int steps,
        SplineSettings splines,
        NetworkDesign network,
        LatentGrid grid,
        ParameterInitializer initializer)
        : base(nameof(NeuralSplineCouplingLayer))
    {
        _dimensions = dimensions;
        _context = context;
        _splines = splines;
        _isOnGrid = grid != LatentGrid.None;
        _steps = new ContextNetwork[steps];
        for (int step = 0; step < steps; step++)
        {
            int passing = Passing(step).Count;
            int inputs = passing + context;
            int outputs = (dimensions - passing) * splines.ParametersPerDimension;
            _steps[step] = inputs > 0
                ? new ContextNetwork(network.Create(grid.Shape(inputs), grid.Shape(outputs), initializer, OutputGain))
                : new ContextNetwork(initializer.Normal(OutputGain, outputs));
            register_module($"step{step}", _steps[step]);
        }
    }

    public override Bijector Bind(torch.Tensor? context)
    {
        if (context is null != (_context == 0))
        {
            throw new ArgumentException(
                context is null ? "This flow needs a context." : "This flow takes no context.", nameof(context));
        }

        var bijectors = new List<Bijector>(_steps.Length);
        for (int step = 0; step < _steps.Length; step++)
        {
            var network = _steps[step];
            var (start, count) = Passing(step);
            bijectors.Add(new CouplingBijector(start, count, passing =>
            {
                var parameters = network.IsConditional ? network.Forward(Inputs(passing, context)) : network.Forward(null);
                return new RationalQuadraticSplineBijector(PerDimension(parameters), _splines);
            }));
        }

        return new ChainBijector(bijectors);
    }

    /// <summary>[..., D', P]: on a grid the parameters come as channels, before its places.</summary>
    private torch.Tensor PerDimension(torch.Tensor parameters)
    {
        long[] leading = parameters.shape[..^1];
        return _isOnGrid
            ? parameters.view([.. leading, _splines.ParametersPerDimension, -1]).transpose(-1, -2)
            : parameters.view([.. leading, -1, _splines.ParametersPerDimension]);
    }

    // Several samples of an image share its context.
    private static torch.Tensor Inputs(torch.Tensor passing, torch.Tensor? context) =>
        context is null ? passing : TensorMath.SideBySide(passing, context);

    /// <summary>Which elements pass a step: the halves take turns; a single element never passes.</summary>
    private (int Start, int Count) Passing(int step)
    {
        int first = _dimensions / 2;
        return step % 2 == 0 || first == 0 ? (0, first) : (first, _dimensions - first);
    }
}

/// <summary>
/// A coupling transformation (Dinh et al. 2015): a part of the vector passes and decides the elementwise map of the rest.
/// Both directions take one pass.
/// </summary>
/// <param name="start">Index of the first element that passes: the part is at one of the vector's ends.</param>
/// <param name="count">How many elements pass; may be 0.</param>
/// <param name="bind">The elementwise bijector of the rest from the elements that pass, [..., count].</param>
internal sealed class CouplingBijector(long start, long count, Func<torch.Tensor, Bijector> bind) : Bijector
{
    public override int EventRank => 1;

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x) =>
        Apply(x, static (bijector, rest) => bijector.Forward(rest));

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y) =>
        Apply(y, static (bijector, rest) => bijector.Inverse(rest));

    private (torch.Tensor Value, torch.Tensor LogDeterminant) Apply(
        torch.Tensor value, Func<Bijector, torch.Tensor, (torch.Tensor Value, torch.Tensor LogDeterminant)> map)
    {
        long rest = value.shape[^1] - count;
        var passing = value.narrow(-1, start, count);
        var (mapped, logDeterminant) = map(bind(passing), value.narrow(-1, start == 0 ? count : 0, rest));
        passing = passing.expand([.. mapped.shape[..^1], count]);
        return (
            torch.cat(start == 0 ? [passing, mapped] : [mapped, passing], -1), EventSum.Of(logDeterminant, 1));
    }
}
