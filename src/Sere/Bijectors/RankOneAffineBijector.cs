using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Bijectors;

/// <summary>
/// z = c + (diag(d) + u u^T) eps, the paper's affine bijector (section 3.1). With d &gt; 0 the matrix is positive definite:
/// log|det| = sum log d + log(1 + sum u^2/d), and the inverse is by Sherman-Morrison, both in O(N).
/// </summary>
/// <param name="shift">c, [..., N].</param>
/// <param name="diagonal">d, [..., N], strictly positive.</param>
/// <param name="direction">u, [..., N].</param>
internal sealed class RankOneAffineBijector(torch.Tensor shift, torch.Tensor diagonal, torch.Tensor direction)
    : Bijector
{
    public override int EventRank => 1;

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Forward(torch.Tensor x)
    {
        var z = Transform(x);
        return (z, LogDeterminant(z));
    }

    public override (torch.Tensor Value, torch.Tensor LogDeterminant) Inverse(torch.Tensor y)
    {
        // (D + u u^T)^-1 r = D^-1 r - D^-1 u (u^T D^-1 r) / (1 + u^T D^-1 u)
        var scaled = (y - shift) / diagonal;
        var covector = direction / diagonal;
        var projection = (direction * scaled).sum(-1, keepdim: true);
        var capacitance = (direction * covector).sum(-1, keepdim: true).Plus(1);
        var x = scaled - (covector * (projection / capacitance));
        return (x, -LogDeterminant(x));
    }

    public override torch.Tensor Transform(torch.Tensor x)
    {
        var projection = (direction * x).sum(-1, keepdim: true);
        return TensorMath.MultiplyAdd(TensorMath.MultiplyAdd(shift, diagonal, x), direction, projection);
    }

    private torch.Tensor LogDeterminant(torch.Tensor like)
    {
        var logDeterminant = diagonal.log().sum(-1).Plus((direction * direction / diagonal).sum(-1).log1p());
        return logDeterminant.expand(like.shape[..^1]);
    }
}

/// <summary>z = c + (diag(d) + u u^T) eps, the paper's (section 3.1). JSON kind "rank-one-affine".</summary>
public sealed record RankOneAffine : AffineChoice
{
    internal override AmortizedBijector Build(BijectorSlot slot) =>
        new RankOneAffineLayer(slot.Latents, Parameters(slot, 3), DiagonalFloor, DiagonalCeiling);
}

/// <summary>
/// The amortized rank-one affine bijector: (c, d, u) = beta(z_{l-1}), or learned constants in the first layer. Bounded so
/// that u u^T eps cannot grow without limit with z: u within sqrt(min(1, 10/N)) and d in an interval around 1
/// (docs/decisions/stability.md).
/// </summary>
internal sealed class RankOneAffineLayer : AmortizedBijector
{
    /// <summary>A layer over N latents.</summary>
    /// <param name="latents">N.</param>
    /// <param name="parameters">Gives (c, d, u) before their bounds: 3N values.</param>
    /// <param name="diagonalFloor">Lower bound of d, positive.</param>
    /// <param name="diagonalCeiling">Upper bound of d, above 1.</param>
    public RankOneAffineLayer(int latents, ContextNetwork parameters, double diagonalFloor, double diagonalCeiling)
        : base(nameof(RankOneAffineLayer))
    {
        Context = parameters;
        Diagonal = new SmoothInterval(diagonalFloor, diagonalCeiling, Start: 1);
        DirectionBound = Math.Sqrt(Math.Min(1, 10.0 / latents));
        register_module("parameters", parameters);
    }

    /// <summary>Gives the parameters before their bounds.</summary>
    internal ContextNetwork Context { get; }

    /// <summary>Interval of d.</summary>
    internal SmoothInterval Diagonal { get; }

    /// <summary>Bound of u.</summary>
    internal double DirectionBound { get; }

    public override Bijector Bind(torch.Tensor? context)
    {
        var parts = Unbounded(context).chunk(3, -1);
        return new RankOneAffineBijector(parts[0], Diagonal.Apply(parts[1]), parts[2].tanh().Times(DirectionBound));
    }

    /// <summary>(c, d, u) before their bounds, [..., 3N], or [3N] without a context.</summary>
    internal torch.Tensor Unbounded(torch.Tensor? context) => Context.Forward(context);
}
