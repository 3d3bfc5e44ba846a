using Sere.Bijectors;
using TorchSharp;

namespace Sere.Tests.Laws;

/// <summary>A bijector under test.</summary>
/// <param name="Bind">Makes the bijector of its parameters, as often as asked.</param>
/// <param name="EventRank">What its event rank should be.</param>
/// <param name="Leaves">The parameters and contexts that it depends on.</param>
/// <param name="InputShape">Shape of its input, and of its output.</param>
internal sealed record BijectorCase(
    Func<Bijector> Bind,
    int EventRank,
    IReadOnlyList<torch.Tensor> Leaves,
    long[] InputShape)
{
    /// <summary>The amortized form that binds it, if one does.</summary>
    public AmortizedBijector? Amortized { get; init; }

    /// <summary>Takes normal numbers to values that the map takes.</summary>
    public Func<torch.Tensor, torch.Tensor> Domain { get; init; } = static x => x;

    /// <summary>Takes normal numbers to values that the map gives.</summary>
    public Func<torch.Tensor, torch.Tensor> Range { get; init; } = static y => y;

    /// <summary>Shape of the log-determinant: the input's without its event dimensions.</summary>
    public long[] LogDeterminantShape => InputShape[..^EventRank];

    /// <summary>The inverse as a case of its own.</summary>
    public BijectorCase Inverse() => this with
    {
        Bind = () => new InverseBijector(Bind()),
        Domain = Range,
        Range = Domain,
    };

    /// <summary>An input of the case's shape.</summary>
    public torch.Tensor Input(long seed) => Domain(Float64.Normal(seed, InputShape));

    /// <summary>An output of the case's shape.</summary>
    public torch.Tensor Output(long seed) => Range(Float64.Normal(seed, InputShape));
}
