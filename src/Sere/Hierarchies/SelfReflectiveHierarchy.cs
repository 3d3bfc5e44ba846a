using Sere.Bijectors;
using Sere.Distributions;
using Sere.Kernels;
using Sere.Networks;
using Sere.Numerics;
using Sere.Partitions;
using TorchSharp;

namespace Sere.Hierarchies;

/// <summary>
/// The self-reflective hierarchy (section 3): p(eps) = p(eps_1) prod p(eps_l | z_{l-1}) with z_l = f_l(eps_l | z_{l-1})
/// (eq. 3), and q(eps | x) = q(eps_1 | x) prod q(eps_l | z_{l-1}, x) (eq. 4) through the same f_l. The first layer has
/// p(eps_1) = N(0, I) and learned constants in f_1. Without latent couplings it is a DLGM.
/// </summary>
internal sealed class SelfReflectiveHierarchy : Hierarchy
{
    private readonly SelfReflectiveParts _parts;
    private readonly SelfReflectiveLayer[] _layers;
    private readonly List<SelfReflectiveWave> _waves = [];
    private readonly int _largestLayer;
    private readonly Lazy<(PerceptronChainShape Shape, IReadOnlyList<torch.Tensor> Parameters, ChainStepBounds Bounds)?> _chain;

    /// <summary>A hierarchy with freshly drawn parameters.</summary>
    public SelfReflectiveHierarchy(SelfReflectiveParts parts, ParameterInitializer initializer)
        : base(nameof(SelfReflectiveHierarchy))
    {
        if (parts.Graph.Layers != parts.Latents.Count)
        {
            throw new ArgumentException("The coupling graph and the latents differ in their number of layers.", nameof(parts));
        }

        _parts = parts;
        _largestLayer = parts.Latents.Max();
        _layers = new SelfReflectiveLayer[parts.Latents.Count];
        var factory = new SelfReflectiveLayerFactory(parts, initializer);
        foreach (var members in parts.Graph.Waves())
        {
            AddWave(members, factory);
        }

        _chain = new(FindChain);
    }

    public override int Layers => _layers.Length;

    /// <summary>Size F of the evidence features of a layer: dm and ds of the largest layer.</summary>
    public int FeatureSize => 2 * _largestLayer;

    public override int Latents(int layer) => _parts.Latents[layer];

    /// <summary>
    /// The first half of the features is dm_l; ds_l is a sigmoid of the second, at most 1 (section 3.4.2) and at the start
    /// <see cref="PosteriorChoice.InitialScale"/>. In a free posterior it lies between the bounds of the
    /// prior's scale instead.
    /// </summary>
    public override IReadOnlyList<LayerEvidence> Interpret(EvidenceFeatures features)
    {
        if (features.Stack is not { } stack || stack.shape[0] != Layers || stack.shape[2] != FeatureSize)
        {
            throw new ArgumentException(
                $"The hierarchy takes features of shape [{Layers}, B, {FeatureSize}], not {features}.",
                nameof(features));
        }

        var parts = stack.chunk(2, -1);
        var means = parts[0].unbind(0);
        var logScales = LogScales(parts[1]).unbind(0);
        return
        [
            .. Enumerable.Range(0, Layers).Select(layer => new EvidenceResiduals(
                Trim(means[layer], Latents(layer)), Trim(logScales[layer], Latents(layer)))),
        ];
    }

    public override LatentStep Step(int layer, IReadOnlyList<LatentStep> earlier, LatentSource source) =>
        _layers[layer].Step(Context(layer, parent => earlier[parent].Code), source);

    public override PosteriorDraw Draw(IReadOnlyList<LayerEvidence> evidence, torch.Tensor noise)
    {
        if (!HasStacks && !IsChain)
        {
            return base.Draw(evidence, noise);
        }

        var (codes, kl) = HasStacks
            ? WalkWaves(evidence, noise, step => step.Kl)
            : WalkChain(evidence, noise, logRatio: false);
        return new PosteriorDraw(codes, kl);
    }

    public override WeightedDraw DrawWeighted(IReadOnlyList<LayerEvidence> evidence, torch.Tensor noise)
    {
        if (!HasStacks && !IsChain)
        {
            return base.DrawWeighted(evidence, noise);
        }

        var (codes, logRatios) = HasStacks
            ? WalkWaves(evidence, noise, step => step.LogPrior - step.LogPosterior)
            : WalkChain(evidence, noise, logRatio: true);
        return new WeightedDraw(codes, logRatios);
    }

    public override IReadOnlyList<torch.Tensor> GenerateCodes(torch.Tensor noise, double temperature = 1)
    {
        if (HasStacks || !IsChain)
        {
            return base.GenerateCodes(noise, temperature);
        }

        // With dm = 0 and ds = 1, eq. 9 is the prior.
        var nothing = _parts.Latents
            .Select(latents => torch.zeros([1, latents], noise.dtype, noise.device))
            .Select(zero => new EvidenceResiduals(zero, zero));
        return WalkChain([.. nothing], noise.Times(temperature), logRatio: false).Codes;
    }

    private static torch.Tensor Trim(torch.Tensor features, int latents) =>
        features.shape[^1] == latents ? features : features.narrow(-1, 0, latents);

    private torch.Tensor LogScales(torch.Tensor features) => _parts.Posterior.Residual == PosteriorResidual.Free
        ? SmoothBounds.Interval(
            features,
            Math.Log(_parts.Prior.ScaleFloor),
            Math.Log(_parts.Prior.ScaleCeiling),
            Math.Log(_parts.Posterior.InitialScale))
        : features.Plus(SmoothBounds.Logit(_parts.Posterior.InitialScale)).log_sigmoid();

    private bool HasStacks => _waves.Exists(wave => wave.Stacked is not null);

    private bool IsChain => _layers.All(layer => layer.IsChainStep);

    private (torch.Tensor[] Codes, torch.Tensor[] Terms) WalkChain(IReadOnlyList<LayerEvidence> evidence, torch.Tensor noise, bool logRatio)
    {
        if (ChainInputs(evidence, noise) is { } chain && PerceptronChain.TryApply(chain, logRatio) is { } whole)
        {
            return (whole.Codes.unbind(0), whole.Costs.unbind(0));
        }

        var parts = SplitNoise(noise);
        var codes = new torch.Tensor[Layers];
        var terms = new torch.Tensor[Layers];
        for (int layer = 0; layer < Layers; layer++)
        {
            var context = Context(layer, parent => codes[parent]);
            (codes[layer], terms[layer]) = ChainStep.Apply(
                _layers[layer].ChainStep(context, (EvidenceResiduals)evidence[layer], parts[layer]), logRatio);
        }

        return (codes, terms);
    }

    /// <summary>What the whole chain takes at once on a CUDA device; null where it is no chain of perceptrons.</summary>
    private PerceptronChainInputs? ChainInputs(IReadOnlyList<LayerEvidence> evidence, torch.Tensor noise)
    {
        if (noise.device_type != DeviceType.CUDA || _chain.Value is not { } chain)
        {
            return null;
        }

        var residuals = evidence.Cast<EvidenceResiduals>().ToArray();
        static IReadOnlyList<torch.Tensor> Rows(torch.Tensor[] tensors) =>
            Array.TrueForAll(tensors, tensor => tensor.stride(1) == 1 && tensor.stride(0) == tensors[0].stride(0))
                ? tensors : [.. tensors.Select(tensor => tensor.contiguous())];
        var first = _layers[0].ChainStep(null, residuals[0], noise);
        return new PerceptronChainInputs(
            chain.Shape,
            Rows([.. residuals.Select(residual => residual.Mean)]),
            Rows([.. residuals.Select(residual => residual.LogScale)]),
            noise,
            first.Bijector,
            chain.Parameters,
            chain.Bounds);
    }

    /// <summary>The sizes and parameters of a chain of perceptrons of one form, or null.</summary>
    private (PerceptronChainShape Shape, IReadOnlyList<torch.Tensor> Parameters, ChainStepBounds Bounds)? FindChain()
    {
        int latents = _largestLayer;
        var layers = _layers.Skip(1).Select(layer => layer.ChainPerceptrons).ToArray();
        if (Layers < 2
            || !_layers[0].IsFirstOfChain
            || Enumerable.Range(1, Layers - 1).Any(layer => !_parts.Graph.Parents(layer).SequenceEqual([layer - 1]))
            || _parts.Latents.Any(size => size != latents)
            || layers.Any(layer => layer is null))
        {
            return null;
        }

        var perceptron = layers[0]!.Value.Prior;
        int[] widths = [.. perceptron.Maps.Where((_, index) => index % 2 == 0).Select(weight => (int)weight.shape[1])];
        return (
            new PerceptronChainShape(Layers, latents, widths, perceptron.Activation),
            [.. layers.SelectMany(layer => layer!.Value.Prior.Maps.Concat(layer.Value.Bijector.Maps))],
            _layers[1].ChainBounds);
    }

    private void AddWave(IReadOnlyList<int> members, SelfReflectiveLayerFactory factory)
    {
        int context = members.Max(factory.ContextSize);
        if (!factory.CanStack(members))
        {
            foreach (int layer in members)
            {
                _layers[layer] = factory.Create(layer);
                register_module($"layer{layer}", _layers[layer]);
                _waves.Add(new SelfReflectiveWave([layer], null, context));
            }

            return;
        }

        // The members are views of the stack, which alone owns the parameters.
        var (stacked, layers) = factory.CreateStack(members, context);
        register_module($"layers{members[0]}", stacked);
        _waves.Add(new SelfReflectiveWave(members, stacked, context));
        for (int i = 0; i < members.Count; i++)
        {
            _layers[members[i]] = layers[i];
        }
    }

    /// <summary>As the base class, with the layers of each wave at once.</summary>
    private (torch.Tensor[] Codes, torch.Tensor[] Terms) WalkWaves(
        IReadOnlyList<LayerEvidence> evidence, torch.Tensor noise, Func<LatentStep, torch.Tensor> term)
    {
        var parts = SplitNoise(noise);
        var codes = new torch.Tensor[Layers];
        var terms = new torch.Tensor[Layers];
        foreach (var wave in _waves)
        {
            if (wave.Stacked is null)
            {
                int layer = wave.Members[0];
                var step = _layers[layer].Step(
                    Context(layer, parent => codes[parent]), new LatentSource.Posterior(evidence[layer], parts[layer]));
                (codes[layer], terms[layer]) = (step.Code, term(step));
                continue;
            }

            var all = wave.Stacked.Step(
                wave.Contexts(wave.Members.Select(member => Context(member, parent => codes[parent])!)),
                new LatentSource.Posterior(
                    wave.Evidence(evidence, noise.dim() == 3), torch.stack([.. wave.Members.Select(member => parts[member])])));
            var stackedCodes = all.Code.unbind(0);
            var stackedTerms = term(all).unbind(0);
            for (int i = 0; i < wave.Members.Count; i++)
            {
                (codes[wave.Members[i]], terms[wave.Members[i]]) = (stackedCodes[i], stackedTerms[i]);
            }
        }

        return (codes, terms);
    }

    private torch.Tensor? Context(int layer, Func<int, torch.Tensor> code)
    {
        var parents = _parts.Graph.Parents(layer);
        return parents.Count switch
        {
            0 => null,
            1 => code(parents[0]),
            _ => torch.cat([.. parents.Select(code)], -1),
        };
    }
}

/// <summary>What a <see cref="SelfReflectiveHierarchy"/> is built of.</summary>
/// <param name="Latents">N_l of each layer.</param>
/// <param name="Graph">The parents of each layer.</param>
internal sealed record SelfReflectiveParts(IReadOnlyList<int> Latents, CouplingGraph Graph)
{
    /// <summary>What the parents' codes condition.</summary>
    public CouplingChoice Coupling { get; init; } = new();

    /// <summary>The prior of the base variables.</summary>
    public PriorChoice Prior { get; init; } = new();

    /// <summary>Their posterior.</summary>
    public PosteriorChoice Posterior { get; init; } = new();

    /// <summary>The bijectors f_l.</summary>
    public BijectorChoice Bijector { get; init; } = new RankOneAffine();

    /// <summary>The grid on which the latents lie.</summary>
    public LatentGrid Grid { get; init; } = LatentGrid.None;
}

/// <summary>
/// The three couplings between neighbouring layers (section 3.1). All on is the self-reflective model; prior and
/// bijector off is a deep latent Gaussian model.
/// </summary>
public sealed record CouplingChoice : Choice
{
    /// <summary>z_{l-1} conditions the prior of eps_l (eq. 3).</summary>
    public bool Prior { get; init; } = true;

    /// <summary>z_{l-1} conditions the bijector f_l.</summary>
    public bool Bijector { get; init; } = true;

    /// <summary>x_{l-1} conditions data layer l (eq. 3).</summary>
    public bool Data { get; init; } = true;
}

/// <summary>
/// The diagonal Gaussian prior of the base variables of layers 2 to L (eq. 3); the first layer's is standard normal.
/// </summary>
public sealed record PriorChoice : Choice
{
    // Small enough that a layer starts near N(0, I), large enough that every direction has a gradient.
    private const double HeadGain = 0.1;

    /// <summary>From z_{l-1} to mu and s; also to mu_q and s_q where the prior is not coupled.</summary>
    public NetworkDesign Network { get; init; } = new PerceptronDesign();

    /// <summary>Bound of |mu|, kept by a smooth map.</summary>
    [In("(0, inf)")] public double MeanBound { get; init; } = NormalLayer.MeanWithin;

    /// <summary>Smallest s; less than scaleCeiling.</summary>
    [In("(0, inf)")] public double ScaleFloor { get; init; } = NormalLayer.SmallestScale;

    /// <summary>Largest s.</summary>
    [In("(0, inf)")] public double ScaleCeiling { get; init; } = NormalLayer.LargestScale;

    internal override void CheckTogether(string path) => RequireFloor(path, ScaleFloor, ScaleCeiling);

    /// <summary>Refuses a floor that is not below the ceiling.</summary>
    internal static void RequireFloor(string path, double floor, double ceiling) => Require(
        floor > 0 && floor < ceiling,
        $"{path}.scaleFloor",
        floor,
        $"greater than 0 and less than scaleCeiling ({ceiling})");

    /// <summary>The layer over N latents, given a context.</summary>
    internal NormalLayer Build(int latents, int context, LatentGrid grid, NetworkSource source) => new(
        new ContextNetwork(source(Network, grid.Shape(context), grid.Shape(2 * latents), HeadGain)),
        MeanBound,
        ScaleFloor,
        ScaleCeiling);
}

/// <summary>The approximate posterior of the base variables: the prior, moved by the evidence (eqs. 4 and 9).</summary>
public sealed record PosteriorChoice : Choice
{
    /// <summary>ds before training, where every posterior starts near its prior.</summary>
    internal const double StartingScale = 0.95;

    /// <summary>How the evidence enters: N(mu ds + dm, s ds), N(mu + dm, s ds), or N(dm, ds).</summary>
    public PosteriorResidual Residual { get; init; } = PosteriorResidual.Scaled;

    /// <summary>ds before training.</summary>
    [In("(0, 1)")] public double InitialScale { get; init; } = StartingScale;
}

/// <summary>Layers of a coupling graph that do not see each other, and run at once.</summary>
/// <param name="Members">The layers, in order.</param>
/// <param name="Stacked">All of them, on tensors whose first dimension is the member; null where there is one alone.</param>
/// <param name="ContextSize">Size of the largest context among them; the others are padded with zeros.</param>
internal sealed record SelfReflectiveWave(IReadOnlyList<int> Members, SelfReflectiveLayer? Stacked, int ContextSize)
{
    /// <summary>The evidence of the members, as the stacked layer takes it with noise [S, ..., B, N].</summary>
    public LayerEvidence Evidence(IReadOnlyList<LayerEvidence> evidence, bool hasSamples)
    {
        var parts = Members.Select(member => (EvidenceResiduals)evidence[member]).ToArray();
        var mean = torch.stack([.. parts.Select(part => part.Mean)]);
        var logScale = torch.stack([.. parts.Select(part => part.LogScale)]);
        return hasSamples
            ? new EvidenceResiduals(mean.unsqueeze(1), logScale.unsqueeze(1))
            : new EvidenceResiduals(mean, logScale);
    }

    /// <summary>The contexts of the members, [S, ..., C].</summary>
    public torch.Tensor Contexts(IEnumerable<torch.Tensor> contexts) => torch.stack(
        [.. contexts.Select(context => torch.nn.functional.pad(context, [0, ContextSize - context.shape[^1]]))]);
}

/// <summary>The evidence of a self-reflective layer: the residuals of eq. 9.</summary>
/// <param name="Mean">dm_l(x), [B, N_l].</param>
/// <param name="LogScale">log ds_l(x), [B, N_l], at most 0 unless the posterior is free.</param>
internal sealed record EvidenceResiduals(torch.Tensor Mean, torch.Tensor LogScale) : LayerEvidence;
