using Sere.Distributions;
using Sere.Networks;
using Sere.Numerics;
using Sere.Partitions;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>
/// p(x | z) = prod p(x_l | z_l, x_{l-1}) (eq. 3; docs/decisions/data-layer.md says why z_l). The parameters of a layer are
/// gamma1_l(z_l) + delta_l(x_{l-1}, z_l), added before any squashing (section 3.4.2). With the whole image as one block it is
/// the data side of the independent VAE, of ladders and of one-layer models: one network of all codes side by side, or of
/// those of the last layers. Where pixels see those before them in their block (<see cref="AutoregressivePixels"/>), these
/// networks give their context in place of the parameters.
/// </summary>
internal sealed class BlockwiseLikelihood : Likelihood
{
    private readonly BlockwiseSettings _settings;
    private readonly StackedNetwork _latentNetworks;
    private readonly BlockWindows? _windows;
    private readonly AutoregressivePixels? _pixels;
    private readonly RefinementNetwork? _residualNetworks;
    private readonly int[] _coupledBlocks;
    private readonly int _mostParents;
    private readonly int _codeSize;
    private readonly int _firstSeen;
    private readonly torch.Tensor _mask;

    /// <summary>A likelihood with freshly drawn parameters.</summary>
    public BlockwiseLikelihood(BlockwiseSettings settings, ParameterInitializer initializer)
        : base(nameof(BlockwiseLikelihood))
    {
        int blocks = settings.Partition.Blocks;
        if ((settings.LastLayers is null ? settings.Latents.Count : 1) != blocks || settings.Graph.Layers != blocks)
        {
            throw new ArgumentException(
                $"The partition has {blocks} blocks, the latents {settings.Latents.Count} layers and the graph "
                + $"{settings.Graph.Layers}; they must agree.",
                nameof(settings));
        }

        // Padding behind the last channel would move the pixels of all others.
        if (settings.Family.Channels > 1 && Enumerable.Range(0, blocks).Any(block =>
            settings.Partition.BlockSize(block) != settings.Partition.LargestBlock
            || settings.Partition.BlockSize(block) % settings.Family.Channels != 0))
        {
            throw new ArgumentException(
                $"Blocks of pixels of {settings.Family.Channels} channels must hold whole pixels and be of one size.",
                nameof(settings));
        }

        _settings = settings;
        _firstSeen = settings.Latents.Count - (settings.LastLayers ?? settings.Latents.Count);
        _codeSize = settings.LastLayers is null ? settings.Latents.Max() : settings.Latents.Skip(_firstSeen).Sum();
        _windows = settings.Network.IsConvolutional ? Windows(settings.Partition, initializer) : null;
        _pixels = settings.Pixels.Build(settings.Partition, settings.Family, isConditional: true, initializer);
        var output = _pixels is not null ? _pixels.Context
            : _windows is null ? FeatureShape.Vector(settings.Family.ParameterCount(settings.Partition.LargestBlock))
            : _windows.Shape.WithChannels(settings.Family.ParameterCount(_windows.Shape.Size) / _windows.Shape.Positions);
        var code = settings.LastLayers is null ? settings.Grid.Shape(_codeSize) : FeatureShape.Vector(_codeSize);
        _latentNetworks = settings.BatchNormalization
            ? NormalizedMlp.Of(settings.Network, code, output, initializer)
            : settings.Network.CreateStack(blocks, code, output, initializer);
        _coupledBlocks = [.. Enumerable.Range(0, blocks).Where(block => settings.Graph.Parents(block).Count > 0)];
        if (!_coupledBlocks.SequenceEqual(Enumerable.Range(blocks - _coupledBlocks.Length, _coupledBlocks.Length)))
        {
            throw new ArgumentException("Blocks without a parent must come before all others.", nameof(settings));
        }

        if (_coupledBlocks.Length > 0)
        {
            _mostParents = _coupledBlocks.Max(block => settings.Graph.Parents(block).Count);
            var known = _windows is null
                ? FeatureShape.Vector(_mostParents * settings.Partition.LargestBlock)
                : _windows.Known.WithChannels(_mostParents * _windows.Known.Channels);
            _residualNetworks = settings.Residual == DataResidual.Evidence
                ? EvidenceRefinement.Create(settings.Network, _coupledBlocks.Length, known, output, initializer)
                : settings.Network.CreateJointRefinement(_coupledBlocks.Length, known, code, output, initializer);
        }

        _mask = settings.Partition.Mask(initializer.Type, initializer.Device);
        register_buffer("mask", _mask, persistent: false);
        register_module(settings.LastLayers is null ? "latent" : "network", _latentNetworks);
        if (_residualNetworks is not null)
        {
            register_module("residual", _residualNetworks);
        }

        if (_pixels is not null)
        {
            register_module("pixels", _pixels);
        }
    }

    public override int Dimensions => _settings.Partition.Dimensions;

    public override int Blocks => _settings.Partition.Blocks;

    public override string Space => _settings.Family.Space;

    public override bool HasResidual => _residualNetworks is not null;

    protected override DataEvidence Evidence(torch.Tensor x)
    {
        var blocks = _settings.Partition.Split(x).contiguous();
        return new DataEvidence(blocks, _residualNetworks?.Prepare(PreviousBlocks(blocks)));
    }

    public override torch.Tensor LogProb(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence)
    {
        CheckCodes(codes, evidence.Blocks.shape[1]);
        torch.Tensor? total = null;
        foreach (var (first, parameters) in Parameters(codes, evidence))
        {
            var part = _settings.Family.LogLikelihood(
                parameters,
                evidence.Blocks.narrow(0, first, parameters.shape[0]),
                _mask.narrow(0, first, parameters.shape[0]));
            total = total is null ? part : total.Plus(part);
        }

        return codes[0].dim() == 2 ? total!.squeeze(0) : total!;
    }

    public override torch.Tensor ResidualGain(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence)
    {
        CheckCodes(codes, evidence.Blocks.shape[1]);
        var gain = LogProbPerBlock(codes, evidence) - LogProbPerBlock(codes, evidence with { Residual = null });
        return codes[0].dim() == 2 ? gain.squeeze(1) : gain;
    }

    public override DataDistribution Step(
        int block, IReadOnlyList<torch.Tensor> codes, IReadOnlyList<torch.Tensor> previousBlocks)
    {
        var (parameters, hidden) = _latentNetworks.ForwardOne(block, Code(block, codes));
        int coupled = Array.IndexOf(_coupledBlocks, block);
        if (coupled >= 0)
        {
            var parents = _settings.Graph.Parents(block).Select(parent => Known(previousBlocks[parent], parent)).ToArray();
            var previous = Pad(torch.cat(parents, -1), _mostParents * (int)parents[0].shape[^1]);
            parameters = parameters.Plus(_residualNetworks!.ForwardOne(coupled, previous, hidden));
        }

        if (_pixels is not null)
        {
            return _pixels.Bind(block, parameters);
        }

        parameters = _windows?.Gather(parameters.unsqueeze(0), block).squeeze(0) ?? parameters;
        return _settings.Family.Bind(_settings.Family.WithoutPadding(parameters, _settings.Partition.BlockSize(block)));
    }

    public override torch.Tensor Join(IReadOnlyList<torch.Tensor> blocks) => _settings.Partition.Join(blocks);

    public override torch.Tensor Block(torch.Tensor x, int block) => _settings.Partition.Block(x, block);

    public override void InitializeOutput(torch.Tensor mean)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var padded = _settings.Partition.Split(mean.unsqueeze(0)).squeeze(1);
        var rows = padded.unbind(0).Select(row => _settings.Family.InitialParameters(row));
        var parameters = torch.stack([.. rows]);
        if (_pixels is not null)
        {
            _pixels.InitializeOutput(parameters);
            return;
        }

        parameters = _windows?.ScatterParameters(parameters, _settings.Partition.LargestBlock) ?? parameters;
        _latentNetworks.InitializeOutput(parameters.unsqueeze(1));
    }

    protected override DataDistribution BlockDistributions(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence)
    {
        CheckCodes(codes, evidence.Blocks.shape[1]);
        return _settings.Family.Bind(torch.cat([.. Parameters(codes, evidence).Select(run => run.Parameters)]));
    }

    /// <summary>log p(x_l | z) of each block, [L, K, B].</summary>
    private torch.Tensor LogProbPerBlock(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence)
    {
        return torch.stack(
        [
            .. Parameters(codes, evidence).SelectMany(run => Enumerable.Range(0, (int)run.Parameters.shape[0])
                .Select(block => _settings.Family.LogLikelihood(
                    run.Parameters.narrow(0, block, 1),
                    evidence.Blocks.narrow(0, run.First + block, 1),
                    _mask.narrow(0, run.First + block, 1)))),
        ]);
    }

    /// <summary>
    /// Parameters of all blocks at once, in runs of blocks: the first block of each and [blocks, K, B, P LargestBlock].
    /// </summary>
    private IEnumerable<(int First, torch.Tensor Parameters)> Parameters(
        IReadOnlyList<torch.Tensor> codes, DataEvidence evidence)
    {
        var blocks = Enumerable.Range(0, Blocks).Select(block => Code(block, codes)).ToArray();
        var stacked = blocks.Length == 1 ? blocks[0] : torch.stack(blocks);
        var (parameters, hidden) = _latentNetworks.ForwardWithHidden(stacked.reshape(Blocks, -1, _codeSize));
        torch.Tensor PerSample(torch.Tensor run, int first)
        {
            run = _pixels?.Parameters(run, evidence.Blocks.narrow(0, first, run.shape[0]), first)
                ?? _windows?.Gather(run, first) ?? run;
            return run.view(run.shape[0], -1, evidence.Blocks.shape[1], run.shape[2]);
        }

        if (_residualNetworks is null || evidence.Residual is null)
        {
            return [(0, PerSample(parameters, 0))];
        }

        int first = Blocks - _coupledBlocks.Length;
        var coupled = hidden.narrow(0, first, _coupledBlocks.Length);
        if (first == 0)
        {
            return [(0, PerSample(_residualNetworks.Refine(evidence.Residual, coupled, parameters), 0))];
        }

        var runs = parameters.split([first, _coupledBlocks.Length], 0);
        return
        [
            (0, PerSample(runs[0], 0)),
            (first, PerSample(_residualNetworks.Refine(evidence.Residual, coupled, runs[1]), first)),
        ];
    }

    /// <summary>What a block's network sees of the codes, [..., B, N]: its own, or those of the last layers side by side.</summary>
    private torch.Tensor Code(int block, IReadOnlyList<torch.Tensor> codes) =>
        _settings.LastLayers is null ? Pad(codes[block], _codeSize)
        : codes.Count - _firstSeen == 1 ? codes[_firstSeen]
        : torch.cat([.. codes.Skip(_firstSeen)], -1);

    /// <summary>Refuses codes of another number or shape: padding and folding would accept them without a word.</summary>
    private void CheckCodes(IReadOnlyList<torch.Tensor> codes, long batch)
    {
        var latents = _settings.Latents;
        if (codes.Count != latents.Count)
        {
            throw new ArgumentException($"The likelihood takes {latents.Count} codes, not {codes.Count}.", nameof(codes));
        }

        for (int layer = _firstSeen; layer < codes.Count; layer++)
        {
            long[] shape = codes[layer].shape;
            if (shape.Length is not (2 or 3) || shape[^2] != batch || shape[^1] != latents[layer])
            {
                throw new ArgumentException(
                    $"The likelihood takes code {layer} of shape [{batch}, {latents[layer]}] or [K, {batch}, {latents[layer]}], "
                    + $"not [{string.Join(", ", shape)}].",
                    nameof(codes));
            }
        }
    }

    /// <summary>What a block's network sees of a parent without padding: [B, known].</summary>
    private torch.Tensor Known(torch.Tensor block, int index)
    {
        var padded = Pad(block, _settings.Partition.LargestBlock);
        return _windows?.Scatter(padded.unsqueeze(0), index).squeeze(0) ?? padded;
    }

    /// <summary>The parents of the coupled blocks as their networks see them, side by side: [L', B, parents known].</summary>
    private torch.Tensor PreviousBlocks(torch.Tensor blocks)
    {
        blocks = _windows?.Scatter(blocks, 0) ?? blocks;
        if (_mostParents == 1 && _coupledBlocks.SequenceEqual(Enumerable.Range(1, Blocks - 1))
            && _coupledBlocks.All(block => _settings.Graph.Parents(block)[0] == block - 1))
        {
            return blocks.narrow(0, 0, Blocks - 1);
        }

        var list = blocks.unbind(0);
        int size = (int)blocks.shape[2];
        return torch.stack(
        [
            .. _coupledBlocks.Select(block => Pad(
                torch.cat([.. _settings.Graph.Parents(block).Select(parent => list[parent])], -1), _mostParents * size)),
        ]);
    }

    private static BlockWindows Windows(Partition partition, ParameterInitializer initializer) =>
        partition.Windows(initializer.Type, initializer.Device) ?? throw new UsageException(
            "The data networks are convolutional, and the data are no images; set model.data.network.kind to mlp.");

    private static torch.Tensor Pad(torch.Tensor x, int size) =>
        x.shape[^1] == size ? x : torch.nn.functional.pad(x, [0, size - x.shape[^1]]);
}

/// <summary>How a <see cref="BlockwiseLikelihood"/> is built.</summary>
/// <param name="Partition">How x is cut into blocks; one block a layer, or the whole image on several.</param>
/// <param name="Graph">The blocks that each data layer sees (coupling iii); <see cref="CouplingGraph.Uncoupled"/> for none.</param>
/// <param name="Latents">N_l of each layer.</param>
/// <param name="Family">The distribution of a dimension.</param>
internal sealed record BlockwiseSettings(
    Partition Partition, CouplingGraph Graph, IReadOnlyList<int> Latents, DataFamily Family)
{
    /// <summary>How the previous block refines a data layer.</summary>
    public DataResidual Residual { get; init; } = DataResidual.Joint;

    /// <summary>The networks of the data layers.</summary>
    public NetworkDesign Network { get; init; } = new PerceptronDesign([200, 200]);

    /// <summary>How the pixels of a block depend on each other.</summary>
    public PixelChoice Pixels { get; init; } = new FactorizedPixels();

    /// <summary>The grid on which the codes lie, where each block sees its own.</summary>
    public LatentGrid Grid { get; init; } = LatentGrid.None;

    /// <summary>The codes of how many last layers the one block sees side by side; null where block l sees z_l.</summary>
    public int? LastLayers { get; init; }

    /// <summary>Whether the hidden layers of the one block's network, a perceptron, have batch normalization.</summary>
    public bool BatchNormalization { get; init; }

    /// <summary>The whole image as one block.</summary>
    /// <param name="image">What x stands for.</param>
    /// <param name="latents">N_l of each layer of the hierarchy.</param>
    /// <param name="family">The distribution of a dimension.</param>
    /// <param name="lastLayers">How many layers it sees, counted from the last; null for all.</param>
    public static BlockwiseSettings Whole(
        FeatureShape image, IReadOnlyList<int> latents, DataFamily family, int? lastLayers = null) =>
        new(new WholePartition(image), CouplingGraph.Uncoupled(1), latents, family)
        {
            LastLayers = lastLayers ?? latents.Count,
        };
}

/// <summary>How the previous block refines a data layer: gamma_l = gamma1_l(z_l) + delta_l (section 3.4.2).</summary>
public enum DataResidual
{
    /// <summary>delta_l(x_{l-1}, z_l): a third network joins the features of both; its weights on z start at zero.</summary>
    Joint,

    /// <summary>delta_l(x_{l-1}): the evidence alone.</summary>
    Evidence,
}
