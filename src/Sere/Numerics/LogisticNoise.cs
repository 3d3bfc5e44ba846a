using TorchSharp;

namespace Sere.Numerics;

/// <summary>Standard logistic noise of standard normal noise, and back: each a monotone map of the other.</summary>
internal static class LogisticNoise
{
    /// <summary>log(Phi(x) / (1 - Phi(x))), the logistic number of the same rank.</summary>
    public static torch.Tensor OfNormal(torch.Tensor noise)
    {
        // The tail has digits that 1 less the tail has not.
        var tail = torch.special.erfc(noise.abs().Times(Math.Sqrt(0.5))).Times(0.5);
        return noise.sign() * ((-tail).log1p() - tail.log());
    }

    /// <summary>The normal number of the same rank, up to the rounding of the tails.</summary>
    public static torch.Tensor ToNormal(torch.Tensor logistic)
    {
        // 1 - 2 sigmoid(-|y|) = tanh(|y| / 2).
        double largest = logistic.dtype == torch.ScalarType.Float64 ? 1 - 1e-15 : 1 - 1e-7;
        return logistic.Times(0.5).tanh().Clamp(-largest, largest).erfinv().Times(Math.Sqrt(2));
    }
}
