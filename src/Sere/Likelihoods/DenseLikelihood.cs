using Sere.Distributions;
using Sere.Networks;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>
/// p(x | z) of the whole image as one block, whose parameters are one network of all codes side by side, or of those of the
/// last layers: the data side of the independent VAE, of ladders and of one-layer models.
/// </summary>
public sealed class DenseLikelihood : FactorizedLikelihood
{
    private readonly DenseSettings _settings;
    private readonly StackedNetwork? _network;
    private readonly NormalizedMlp? _normalized;
    private readonly torch.Tensor _mask;
    private readonly int _first;

    /// <summary>A likelihood with freshly drawn parameters.</summary>
    public DenseLikelihood(DenseSettings settings, ParameterInitializer initializer)
        : base(nameof(DenseLikelihood))
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(initializer);
        _settings = settings;
        _first = settings.Latents.Count - (settings.LayersSeen ?? settings.Latents.Count);
        _mask = torch.ones([1, 1, settings.Dimensions], initializer.Type, initializer.Device);
        register_buffer("mask", _mask, persistent: false);
        int inputs = settings.Latents.Skip(_first).Sum();
        var shape = settings.Shape ?? FeatureShape.Vector(settings.Dimensions);
        var output = shape.WithChannels(settings.Family.ParameterCount(settings.Dimensions) / shape.Positions);
        if (settings.BatchNormalization)
        {
            var design = settings.Network as PerceptronDesign
                ?? throw new ArgumentException("Batch normalization here is that of perceptrons.", nameof(settings));
            _normalized = new NormalizedMlp(inputs, design.Hidden, output.Size, design.Activation, initializer);
            register_module("network", _normalized);
        }
        else
        {
            _network = settings.Network.CreateStack(1, FeatureShape.Vector(inputs), output, initializer);
            register_module("network", _network);
        }
    }

    /// <inheritdoc/>
    public override int Dimensions => _settings.Dimensions;

    /// <inheritdoc/>
    public override int Blocks => 1;

    /// <inheritdoc/>
    public override string Space => _settings.Family.Space;

    /// <inheritdoc/>
    public override DataEvidence Prepare(torch.Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.dim() == 2 && x.shape[1] == Dimensions
            ? new DataEvidence(x.unsqueeze(0), null)
            : throw new ArgumentException(
                $"The likelihood takes data of shape [B, {Dimensions}], not [{string.Join(", ", x.shape)}].", nameof(x));
    }

    /// <inheritdoc/>
    public override torch.Tensor LogProb(IReadOnlyList<torch.Tensor> codes, DataEvidence evidence)
    {
        ArgumentNullException.ThrowIfNull(codes);
        ArgumentNullException.ThrowIfNull(evidence);
        long batch = evidence.Blocks.shape[1];
        CheckCodes(codes, _settings.Latents, batch, _first);
        var seen = Seen(codes);
        var parameters = Parameters(seen.reshape(1, -1, seen.shape[^1]));
        var logLikelihood = _settings.Family.LogLikelihood(
            parameters.view(1, -1, batch, parameters.shape[^1]), evidence.Blocks, _mask);
        return codes[0].dim() == 2 ? logLikelihood.squeeze(0) : logLikelihood;
    }

    /// <inheritdoc/>
    public override DataDistribution Step(
        int block,
        IReadOnlyList<torch.Tensor> codes,
        IReadOnlyList<torch.Tensor> previousBlocks)
    {
        ArgumentNullException.ThrowIfNull(codes);
        return _settings.Family.Bind(Parameters(Seen(codes).unsqueeze(0)).squeeze(0));
    }

    /// <inheritdoc/>
    public override torch.Tensor Join(IReadOnlyList<torch.Tensor> blocks)
    {
        ArgumentNullException.ThrowIfNull(blocks);
        return blocks[0].alias();
    }

    /// <inheritdoc/>
    public override torch.Tensor Block(torch.Tensor x, int block)
    {
        ArgumentNullException.ThrowIfNull(x);
        return x.alias();
    }

    /// <inheritdoc/>
    public override void InitializeOutput(torch.Tensor mean)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var values = _settings.Family.InitialParameters(mean);
        if (_network is not null)
        {
            _network.InitializeOutput(values.view(1, 1, -1));
            return;
        }

        torch.Tensor bias = _normalized!.OutputBias!;
        bias.copy_(values.view(bias.shape));
    }

    private torch.Tensor Parameters(torch.Tensor rows) => _normalized?.Forward(rows) ?? _network!.Forward(rows);

    private torch.Tensor Seen(IReadOnlyList<torch.Tensor> codes) =>
        codes.Count - _first == 1 ? codes[_first] : torch.cat([.. codes.Skip(_first)], -1);
}

/// <summary>How a <see cref="DenseLikelihood"/> is built.</summary>
/// <param name="Dimensions">D.</param>
/// <param name="Latents">N_l of each layer of the hierarchy.</param>
/// <param name="Family">The distribution of a dimension.</param>
public sealed record DenseSettings(int Dimensions, IReadOnlyList<int> Latents, DataFamily Family)
{
    /// <summary>How many layers it sees, counted from the last; null for all.</summary>
    public int? LayersSeen { get; init; }

    /// <summary>The data network; perceptrons where it has batch normalization.</summary>
    public NetworkDesign Network { get; init; } = new PerceptronDesign([200, 200]);

    /// <summary>What x stands for; null for a plain vector.</summary>
    public FeatureShape? Shape { get; init; }

    /// <summary>Whether its hidden layers have batch normalization.</summary>
    public bool BatchNormalization { get; init; }
}
