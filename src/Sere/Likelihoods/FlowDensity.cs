using Sere.Bijectors;
using Sere.Distributions;
using Sere.Networks;
using Sere.Numerics;
using Sere.Partitions;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>
/// A normalizing flow of the whole image given the codes (section 4.2.2); the network adds a contribution of each code
/// to the parameters of the base. JSON kind "flow".
/// </summary>
public sealed record FlowData : DataChoice
{
    /// <summary>The steps that each layer of latents owns; their networks see its code.</summary>
    public FlowChoice Flow { get; init; } = new MaskedAutoregressiveFlow { Steps = 2 };

    /// <summary>The distribution that the flow starts from.</summary>
    public FlowBaseKind Base { get; init; } = FlowBaseKind.Diagonal;

    /// <summary>Where data is taken to before the first step.</summary>
    public PreprocessingChoice Preprocessing { get; init; } = new Standardize();

    internal override PreprocessingChoice FlowSpace => Preprocessing;

    internal override string Binarization => "none for a flow: binary values have no density";

    internal override void CheckTogether(string path)
    {
        Network.RequirePerceptrons($"{path}.network");
        Require(
            Pixels is FactorizedPixels, $"{path}.pixels.kind", Pixels.Kind, $"independent where {path}.kind is flow");
    }

    internal override void RequireFactorized(string path) => Require(
        allowed: false,
        $"{path}.kind",
        Kind,
        $"{OtherKinds} here: a flow given codes is a part of models of the kind variational");

    internal override void RequirePartition(PartitionChoice partition, string path)
    {
        Require(
            partition.IsWhole,
            $"{path}.partition.kind",
            partition.Kind,
            $"whole where {path}.data.kind is flow, which is of the whole image");
        Require(
            partition.LayersSeen is null,
            $"{path}.partition.codes",
            "last",
            $"all where {path}.data.kind is flow, each layer of which sees its code");
    }

    internal override Likelihood Build(
        FeatureShape image,
        IReadOnlyList<int> latents,
        PartitionChoice partition,
        bool isCoupled,
        LatentGrid grid,
        ParameterInitializer initializer) =>
        BuildFlow(image.Size, latents, initializer);

    /// <summary>
    /// The flow with freshly drawn parameters: steps for each layer of latents, or without latents.
    /// </summary>
    internal FlowLikelihood BuildFlow(int dimensions, IReadOnlyList<int> latents, ParameterInitializer initializer)
    {
        var network = (PerceptronDesign)Network;
        var space = Preprocessing.Build(dimensions, initializer);
        IReadOnlyList<int> contexts = latents.Count == 0 ? [0] : latents;
        FlowLayer[] layers =
        [
            .. contexts.Select((size, layer) => Flow.Build(dimensions, size, layer * Flow.Steps, initializer)),
        ];
        var flowBase = new FlowBase(Base, dimensions, latents, network.Hidden, network.Activation, initializer);
        return new FlowLikelihood(dimensions, new FlowDensity(space, layers, flowBase));
    }

    private protected override DataFamily Family(FeatureShape image) =>
        throw new InvalidOperationException("A flow is of the whole image, not of positions.");
}

/// <summary>
/// A normalizing flow as a density, on contexts or on none: data is mapped to the space that is modelled, from there by the
/// steps of each layer to the noise of the base. Layer 1 stands next to the base and layer L next to the data: a draw
/// passes them in their order.
/// </summary>
internal sealed class FlowDensity : torch.nn.Module
{
    private readonly DataSpace _space;
    private readonly FlowLayer[] _layers;
    private readonly FlowBase _base;

    /// <summary>A density of three parts that fit each other.</summary>
    /// <param name="space">The map from data to what is modelled.</param>
    /// <param name="layers">The steps of each layer, in the direction from data to noise; one layer without a context.</param>
    /// <param name="flowBase">The base.</param>
    public FlowDensity(DataSpace space, IReadOnlyList<FlowLayer> layers, FlowBase flowBase)
        : base(nameof(FlowDensity))
    {
        _space = space;
        _layers = [.. layers];
        _base = flowBase;
        register_module("space", space);
        register_module("base", flowBase);
        foreach (var (index, layer) in _layers.Index())
        {
            register_module($"layer{index}", layer);
        }
    }

    /// <summary>"logit" or "data".</summary>
    public string Space => _space.Space;

    /// <summary>Whether there are statistics to fit before an evaluation.</summary>
    public bool HasStatistics => _layers.Any(layer => layer.HasStatistics);

    /// <summary>Fits the map from data to what is modelled to training data, [N, D].</summary>
    public void FitSpace(torch.Tensor x) => _space.Fit(x);

    /// <summary>Data to what is modelled: [B, D].</summary>
    public torch.Tensor Prepare(torch.Tensor x) => _space.Map(x);

    /// <summary>log|det| of the map from data to the space of the log-likelihood, [B].</summary>
    public torch.Tensor SpaceLogDeterminant(torch.Tensor x) => _space.SpaceLogDeterminant(x);

    /// <summary>log p in nats: [B], or [K, B] of K contexts an image.</summary>
    /// <param name="prepared">From <see cref="Prepare"/>, [B, D].</param>
    /// <param name="contexts">The context of each layer, [B, C_l] or [K, B, C_l]; none without contexts.</param>
    public torch.Tensor LogProb(torch.Tensor prepared, IReadOnlyList<torch.Tensor> contexts)
    {
        var (noise, logDeterminant) = ToNoise(prepared, contexts);
        var logProb = _base.Bind(contexts).LogProb(noise).Plus(logDeterminant);
        return _space.LogDeterminant() is { } constant ? logProb.Plus(constant) : logProb;
    }

    /// <summary>What of the base becomes the data, [B, D], and log|det| of the way there, [B].</summary>
    public (torch.Tensor Noise, torch.Tensor LogDeterminant) ToNoise(
        torch.Tensor prepared, IReadOnlyList<torch.Tensor> contexts)
    {
        var value = prepared;
        torch.Tensor? total = null;
        for (int layer = _layers.Length - 1; layer >= 0; layer--)
        {
            (value, var logDeterminant) = _layers[layer].Bind(Context(contexts, layer)).Forward(value);
            total = total is null ? logDeterminant : total.Plus(logDeterminant);
        }

        return (value, total!);
    }

    /// <summary>Draws data: [B, D].</summary>
    /// <param name="uniform">Uniform noise, [B, D].</param>
    /// <param name="contexts">The context of each layer, [B, C_l]; none without contexts.</param>
    /// <param name="temperature">Factor on the noise of the base.</param>
    public torch.Tensor Draw(torch.Tensor uniform, IReadOnlyList<torch.Tensor> contexts, double temperature = 1)
    {
        var normal = DiagonalNormal.Standard((int)uniform.shape[^1], uniform).FromUniform(uniform);
        var value = ((IReparameterized)_base.Bind(contexts)).FromNoise(normal, temperature);
        for (int layer = 0; layer < _layers.Length; layer++)
        {
            value = _layers[layer].Bind(Context(contexts, layer)).Inverse(value).Value;
        }

        return _space.Invert(value);
    }

    /// <summary>Fits the statistics of batch normalization to data.</summary>
    /// <param name="batches">Data, each [B, D].</param>
    /// <param name="contexts">The context of each layer, for each batch.</param>
    public void FitStatistics(
        IReadOnlyList<torch.Tensor> batches, IReadOnlyList<IReadOnlyList<torch.Tensor>> contexts)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        torch.Tensor[] values = [.. batches.Select(batch => _space.Map(batch).clone())];
        for (int layer = _layers.Length - 1; layer >= 0; layer--)
        {
            _layers[layer].FitStatistics(values, [.. contexts.Select(context => Context(context, layer))]);
        }
    }

    private static torch.Tensor? Context(IReadOnlyList<torch.Tensor> contexts, int layer) =>
        contexts.Count == 0 ? null : contexts[layer];
}

/// <summary>
/// p(x | z) of the whole image as a normalizing flow (section 4.2.2): layer l of the hierarchy owns steps of the flow, whose
/// networks see z_l, and adds to the parameters of the base. Without a hierarchy it is a density of its own. A draw takes a
/// pass for each dimension.
/// </summary>
internal sealed class FlowLikelihood : Likelihood
{
    private readonly FlowDensity _density;

    /// <summary>A likelihood of D dimensions.</summary>
    public FlowLikelihood(int dimensions, FlowDensity density)
        : base(nameof(FlowLikelihood))
    {
        (Dimensions, _density) = (dimensions, density);
        register_module("density", density);
    }

    public override int Dimensions { get; }

    public override string Space => _density.Space;

    public override bool HasStatistics => _density.HasStatistics;

    public override torch.Tensor LogProb(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence) =>
        _density.LogProb(evidence.Blocks.squeeze(0), codes);

    /// <summary>The image is one block.</summary>
    public override bool HasPixels => false;

    public override DataDistribution Step(
        int block, IReadOnlyList<torch.Tensor> codes, IReadOnlyList<torch.Tensor> previousBlocks) =>
        new FlowDistribution(_density, codes, Dimensions);

    public override GeneratedImages Generate(
        IReadOnlyList<torch.Tensor> codes, torch.Tensor uniform, double temperature = 1)
    {
        // A flow has no mean in closed form: what is shown is the draw itself.
        var values = _density.Draw(uniform, codes, codes.Count == 0 ? temperature : 1);
        return new GeneratedImages(values, values);
    }

    public override GeneratedImages TeacherForced(IReadOnlyList<torch.Tensor> codes, torch.Tensor x) => throw new SereException(
        "A flow draws the whole image at once, so that there is no true block before to be shown; leave out --teacher-forced.");

    public override torch.Tensor Noise(DataEvidence evidence) => _density.ToNoise(evidence.Blocks.squeeze(0), []).Noise;

    public override void FitSpace(torch.Tensor x) => _density.FitSpace(x);

    public override torch.Tensor SpaceLogDeterminant(torch.Tensor x) => _density.SpaceLogDeterminant(x);

    public override void FitStatistics(
        IReadOnlyList<torch.Tensor> batches, IReadOnlyList<IReadOnlyList<torch.Tensor>> codes) =>
        _density.FitStatistics(batches, codes);

    protected override DataEvidence Evidence(torch.Tensor x) => new(_density.Prepare(x).unsqueeze(0), null);
}

/// <summary>A flow given codes, as a distribution of images that are one position.</summary>
/// <param name="density">The flow.</param>
/// <param name="codes">The codes, each [B, N_l]; none without latents.</param>
/// <param name="dimensions">D.</param>
internal sealed class FlowDistribution(FlowDensity density, IReadOnlyList<torch.Tensor> codes, int dimensions)
    : DataDistribution
{
    /// <summary>What stands for it: the image of the median of the base's noise.</summary>
    public override torch.Tensor Mean
    {
        get
        {
            var like = codes.Count > 0 ? codes[0] : density.parameters().First();
            long rows = codes.Count > 0 ? like.shape[0] : 1;
            return FromUniform(TensorArithmetic.Full([rows, dimensions], 0.5, like.dtype, like.device));
        }
    }

    public override torch.Tensor LogProbPerPosition(torch.Tensor x) =>
        density.LogProb(density.Prepare(x), codes).unsqueeze(-1);

    public override torch.Tensor FromUniform(torch.Tensor uniform) => density.Draw(uniform, codes);

    public override torch.Tensor Standardize(torch.Tensor x) =>
        throw new InvalidOperationException("The dimensions of a flow have no mean in closed form.");
}
