using Sere.Kernels;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// One step of an inverse autoregressive flow (Kingma et al. 2016): z_i = s_i eps_i + (1 - s_i) m_i with (m_i, s_i) a function
/// of eps_1..eps_{i-1}, the gated form in which no step can grow without limit. The map is one pass; its inverse takes a pass
/// for each dimension. log|det| = sum log s_i.
/// </summary>
/// <param name="parameters">
/// (m, s) of a vector [..., N], each [..., N] with s within (0, 1); element i must not depend on elements i..N of the
/// vector.
/// </param>
internal sealed class InverseAutoregressiveBijector(
    Func<torch.Tensor, (torch.Tensor Mean, torch.Tensor Gate)> parameters)
    : Bijector
{
    public override int EventRank => 1;

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var (mean, gate) = parameters(x);
        return (mean.Plus(gate * (x - mean)), gate.log().sum(-1));
    }

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        // Pass i makes element i right, since the elements before it are; what is not right yet reaches only later ones.
        var x = torch.zeros_like(y);
        var logDeterminant = x;
        for (long pass = 0; pass < y.shape[^1]; pass++)
        {
            var (mean, gate) = parameters(x);
            x = mean.Plus((y - mean) / gate);
            logDeterminant = -gate.log().sum(-1);
        }

        return (x, logDeterminant);
    }

    public override torch.Tensor Transform(torch.Tensor x)
    {
        var (mean, gate) = parameters(x);
        return mean.Plus(gate * (x - mean));
    }
}

/// <summary>
/// An inverse autoregressive flow (Kingma et al. 2016), with the dimensions reversed between two steps. JSON kind
/// "inverse-autoregressive".
/// </summary>
public sealed record InverseAutoregressive : BijectorChoice
{
    /// <summary>The masked network of each step, which sees z_{l-1} too.</summary>
    public NetworkDesign Network { get; init; } = new PerceptronDesign();

    /// <summary>Steps of the flow.</summary>
    [In("[1, 1000]")] public int Steps { get; init; } = 1;

    /// <summary>Smallest factor of a step on a base variable; it starts near 0.9.</summary>
    [In("(0, 0.9)")] public double GateFloor { get; init; } = 0.05;

    internal override void CheckTogether(string path) => Network.RequirePerceptrons($"{path}.network");

    internal override AmortizedBijector Build(BijectorSlot slot)
    {
        var network = (PerceptronDesign)Network;
        return new InverseAutoregressiveLayer(
            slot.Latents, slot.Context, Steps, network.Hidden, network.Activation, GateFloor, slot.Initializer);
    }
}

/// <summary>
/// An inverse autoregressive flow (Kingma et al. 2016) whose steps, each a <see cref="ConditionalMade"/>, all see one context;
/// between two steps the dimensions are reversed. The gate of a step lies within (floor, 1) and starts near 1.
/// </summary>
internal sealed class InverseAutoregressiveLayer : AmortizedBijector
{
    private const double InitialGate = 0.9;

    // Small enough that a step starts near the identity, large enough that every weight has a gradient.
    private const double OutputGain = 0.1;
    private readonly ConditionalMade[] _steps;
    private readonly SmoothInterval _gate;

    /// <summary>A flow with freshly drawn parameters.</summary>
    /// <param name="latents">N.</param>
    /// <param name="context">Size of the context; 0 for none.</param>
    /// <param name="steps">Steps of the flow, at least 1.</param>
    /// <param name="hidden">Hidden widths of each step.</param>
    /// <param name="activation">Activation of the hidden layers.</param>
    /// <param name="gateFloor">Lower bound of the gate, within (0, 0.9).</param>
    /// <param name="initializer">Draws the weights.</param>
    public InverseAutoregressiveLayer(
        int latents,
        int context,
        int steps,
        IReadOnlyList<int> hidden,
        Activation activation,
        double gateFloor,
        ParameterInitializer initializer)
        : base(nameof(InverseAutoregressiveLayer))
    {
        _gate = new SmoothInterval(gateFloor, 1, InitialGate);
        _steps = new ConditionalMade[steps];
        for (int step = 0; step < steps; step++)
        {
            _steps[step] = new ConditionalMade(latents, context, hidden, 2, activation, initializer, OutputGain);
            register_module($"step{step}", _steps[step]);
        }
    }

    public override Bijector Bind(torch.Tensor? context)
    {
        var bijectors = new List<Bijector>((2 * _steps.Length) - 1);
        foreach (var step in _steps)
        {
            if (bijectors.Count > 0)
            {
                bijectors.Add(new ReversalBijector());
            }

            var network = step.Bind(context);
            bijectors.Add(new InverseAutoregressiveBijector(x =>
            {
                var parts = network.Forward(x).chunk(2, -1);
                return (parts[0], _gate.Apply(parts[1]));
            }));
        }

        return bijectors.Count == 1 ? bijectors[0] : new ChainBijector(bijectors);
    }
}
