using System.Text.Json.Serialization;
using Sere.Bijectors;
using Sere.Networks;
using TorchSharp;

namespace Sere.Likelihoods;

/// <summary>Where a flow takes data to before its first step.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = KindMember)]
[JsonDerivedType(typeof(NoPreprocessing), "none")]
[JsonDerivedType(typeof(Logit), "logit")]
[JsonDerivedType(typeof(Standardize), "standardize")]
[JsonDerivedType(typeof(Whiten), "whiten")]
public abstract record PreprocessingChoice : Choice
{
    /// <summary>The alpha of a logit, which takes values in [0, 1] alone; null for none.</summary>
    internal virtual double? LogitAlpha => null;

    /// <summary>What is fitted to the training data.</summary>
    internal virtual DataNormalization Fitted => DataNormalization.None;

    /// <summary>Whether something is.</summary>
    internal bool IsFitted => Fitted != DataNormalization.None;

    /// <summary>The map of D dimensions, before it is fitted.</summary>
    internal DataSpace Build(int dimensions, ParameterInitializer initializer) =>
        new(LogitAlpha, Fitted, dimensions, initializer);
}

/// <summary>The data as it is. JSON kind "none".</summary>
public sealed record NoPreprocessing : PreprocessingChoice;

/// <summary>
/// logit(alpha + (1 - 2 alpha) x) of data in [0, 1] (Papamakarios et al. 2017); log-likelihoods are those of the
/// logits. JSON kind "logit".
/// </summary>
public sealed record Logit : PreprocessingChoice
{
    /// <summary>What keeps the logit finite at 0 and at 1.</summary>
    [In("(0, 0.5)")] public double Alpha { get; init; } = 0.05;

    /// <summary>What the logits are brought to next; log-likelihoods stay those of the logits.</summary>
    public DataNormalization Normalization { get; init; } = DataNormalization.None;

    internal override double? LogitAlpha => Alpha;

    internal override DataNormalization Fitted => Normalization;
}

/// <summary>
/// Each dimension brought to mean 0 and variance 1 over the training data; log-likelihoods stay those of the data. JSON
/// kind "standardize".
/// </summary>
public sealed record Standardize : PreprocessingChoice
{
    internal override DataNormalization Fitted => DataNormalization.Standardize;
}

/// <summary>
/// The principal axes of the training data, each brought to mean 0 and variance 1; log-likelihoods stay those of the
/// data. JSON kind "whiten".
/// </summary>
public sealed record Whiten : PreprocessingChoice
{
    internal override DataNormalization Fitted => DataNormalization.Whiten;
}

/// <summary>
/// The map from data to the space that a flow models: a logit or none, and a normalization that is fitted to the training
/// data. It belongs to the weights, so that checkpoints keep what was fitted.
/// </summary>
internal sealed class DataSpace : torch.nn.Module
{
    private const int Chunk = 1000;
    private readonly LogitBijector? _logit;
    private readonly BatchStatistics? _statistics;
    private readonly PrincipalAxes? _axes;

    /// <summary>A map of D dimensions.</summary>
    /// <param name="alpha">The alpha of the logit, which counts log-likelihoods in its own space; null for none.</param>
    /// <param name="normalization">What is fitted to the training data; log-likelihoods stay those of what comes in.</param>
    /// <param name="dimensions">D.</param>
    /// <param name="initializer">Says where tensors are.</param>
    public DataSpace(double? alpha, DataNormalization normalization, int dimensions, ParameterInitializer initializer)
        : base(nameof(DataSpace))
    {
        _logit = alpha is { } value ? new LogitBijector(value) : null;
        switch (normalization)
        {
            case DataNormalization.None:
                break;
            case DataNormalization.Standardize:
                _statistics = new BatchStatistics(dimensions, initializer);
                register_module("statistics", _statistics);
                break;
            case DataNormalization.Whiten:
                _axes = new PrincipalAxes(dimensions, initializer);
                register_module("axes", _axes);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(normalization), normalization, "Nothing fits it.");
        }
    }

    /// <summary>"logit" or "data": what a nat of the log-likelihood is counted in.</summary>
    public string Space => _logit is null ? "data" : "logit";

    /// <summary>Fits what depends on the training data, [N, D].</summary>
    /// <exception cref="SereException">They are to be whitened, and a dimension of theirs is constant.</exception>
    public void Fit(torch.Tensor x)
    {
        if (_statistics is null && _axes is null)
        {
            return;
        }

        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var values = Logits(x);
        _statistics?.Fit(values);
        _axes?.Fit(values);
    }

    /// <summary>Data to the space that the flow models: [..., D].</summary>
    public torch.Tensor Map(torch.Tensor x) => Normalization().Transform(Logit(x));

    /// <summary>The inverse of <see cref="Map"/>.</summary>
    public torch.Tensor Invert(torch.Tensor y)
    {
        var values = Normalization().Inverse(y).Value;
        return _logit is null ? values : _logit.Inverse(values).Value;
    }

    /// <summary>
    /// What log p of <see cref="Map"/> lacks to be the log-likelihood: a scalar, the log-determinant of the normalization; null
    /// where there is none.
    /// </summary>
    public torch.Tensor? LogDeterminant() => (_statistics?.Kept().LogDeviation ?? _axes?.LogDeviations)?.sum().neg();

    /// <summary>log|det| of the map from data to the space of the log-likelihood, [B]; zeros for "data".</summary>
    /// <param name="x">[B, D].</param>
    public torch.Tensor SpaceLogDeterminant(torch.Tensor x)
    {
        return _logit is null ? torch.zeros_like(x.select(-1, 0)) : _logit.Forward(x).LogDeterminant.sum(-1);
    }

    private torch.Tensor Logit(torch.Tensor x) => _logit?.Transform(x) ?? x;

    // By chunks: the logits of all training images at once would need many copies of them.
    private torch.Tensor Logits(torch.Tensor x)
    {
        if (_logit is null)
        {
            return x;
        }

        var values = torch.empty_like(x);
        for (long start = 0; start < x.shape[0]; start += Chunk)
        {
            using var scope = torch.NewDisposeScope();
            long count = Math.Min(Chunk, x.shape[0] - start);
            values.narrow(0, start, count).copy_(Logit(x.narrow(0, start, count)));
        }

        return values;
    }

    private Bijector Normalization()
    {
        if (_axes is not null)
        {
            return new WhiteningBijector(_axes.Mean, _axes.Axes, _axes.LogDeviations);
        }

        if (_statistics is null)
        {
            return new IdentityBijector();
        }

        var (mean, logDeviation) = _statistics.Kept();
        return new StandardizingBijector(mean, logDeviation);
    }
}

/// <summary>What is fitted to the training data before a flow's first step.</summary>
public enum DataNormalization
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Mean 0 and variance 1 in each dimension.</summary>
    Standardize,

    /// <summary>
    /// The principal axes of the data, those of largest variance first, each of mean 0 and variance 1: what a flow starts
    /// from is then one normal distribution with full covariance.
    /// </summary>
    Whiten,
}
