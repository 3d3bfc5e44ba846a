using Sere.Bijectors;
using Sere.Distributions;
using Sere.Networks;

namespace Sere.Hierarchies;

/// <summary>Builds the layers of a self-reflective hierarchy, alone or as the members of a stack.</summary>
internal sealed class SelfReflectiveLayerFactory
{
    // Small enough that a layer starts near its prior, large enough that every direction has a gradient.
    private const double HeadGain = 0.1;
    private readonly SelfReflectiveSettings _settings;
    private readonly ParameterInitializer _initializer;

    /// <summary>A factory that draws parameters in the order in which layers are built.</summary>
    public SelfReflectiveLayerFactory(SelfReflectiveSettings settings, ParameterInitializer initializer)
    {
        _settings = settings;
        _initializer = initializer;
    }

    /// <summary>A network from a context to parameters: its input, its output, and the factor on its last weights.</summary>
    private delegate ParameterNetwork Source(NetworkDesign design, FeatureShape input, FeatureShape output, double gain);

    /// <summary>Whether a wave of layers can run at once: layers of one size, with parents, and affine bijectors.</summary>
    public bool CanStack(IReadOnlyList<int> members) =>
        members.Count > 1
        && (_settings.CouplePrior || _settings.CoupleBijector)
        && _settings.Bijector.Kind is BijectorKind.Identity or BijectorKind.DiagonalAffine or BijectorKind.RankOneAffine
        && (_settings.CoupleBijector || _settings.Bijector.Kind == BijectorKind.Identity)
        && members.All(member => _settings.Graph.Parents(member).Count > 0)
        && members.All(member => _settings.Latents[member] == _settings.Latents[members[0]]);

    /// <summary>Size of the context of a layer.</summary>
    public int ContextSize(int layer) => _settings.Graph.Parents(layer).Sum(parent => _settings.Latents[parent]);

    /// <summary>A layer with parameters of its own.</summary>
    public SelfReflectiveLayer Create(int layer) => Create(
        _settings.Latents[layer],
        ContextSize(layer),
        (design, input, output, gain) => design.Create(input, output, _initializer, gain));

    /// <summary>The layers of a wave as one, and each of them as a member that shares its parameters.</summary>
    public (SelfReflectiveLayer Stacked, IReadOnlyList<SelfReflectiveLayer> Members) CreateStack(
        IReadOnlyList<int> members, int contextSize)
    {
        var stacks = new List<StackedNetwork>();
        int latents = _settings.Latents[members[0]];
        var stacked = Create(latents, contextSize, (design, input, output, gain) =>
        {
            stacks.Add(design.CreateStack(members.Count, input, output, _initializer, gain));
            return new StackedParameters(stacks[^1]);
        });
        return (stacked, [.. members.Select((_, index) =>
        {
            int next = 0;
            return Create(latents, contextSize, (_, input, _, _) => new StackMember(stacks[next++], index, input.Size));
        })]);
    }

    private SelfReflectiveLayer Create(int latents, int context, Source source)
    {
        bool couplePrior = context > 0 && _settings.CouplePrior;
        bool coupleBijector = context > 0 && _settings.CoupleBijector && _settings.Bijector.Kind != BijectorKind.Identity;

        NormalLayer Normal() => new(
            new ContextNetwork(source(
                _settings.PriorNetwork, _settings.Grid.Shape(context), _settings.Grid.Shape(2 * latents), HeadGain)),
            _settings.MeanBound,
            _settings.ScaleFloor,
            _settings.ScaleCeiling);

        var bijector = (_settings.Bijector with { Grid = _settings.Grid }).Create(
            latents,
            coupleBijector ? context : 0,
            _initializer,
            (input, output, gain) => source(_settings.Bijector.Network, input, output, gain));

        // With an uncoupled prior eq. 9 would drop z_{l-1} from q, though the true posterior depends on it through f_l. A free
        // posterior has no base.
        bool ownBase = !couplePrior && coupleBijector && _settings.Residual != PosteriorResidual.Free;
        return new SelfReflectiveLayer(
            latents,
            couplePrior ? Normal() : null,
            ownBase ? Normal() : null,
            bijector,
            coupleBijector,
            _settings.Residual);
    }
}
