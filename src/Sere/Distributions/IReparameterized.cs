using TorchSharp;

namespace Sere.Distributions;

/// <summary>A distribution over vectors whose draws are a function of standard normal noise.</summary>
public interface IReparameterized
{
    /// <summary>A draw from standard normal noise [..., N].</summary>
    /// <param name="noise">Standard normal noise, [..., N].</param>
    /// <param name="temperature">Factor on the noise; 1 draws from the distribution itself.</param>
    torch.Tensor FromNoise(torch.Tensor noise, double temperature = 1);
}
