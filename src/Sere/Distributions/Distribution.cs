using TorchSharp;

namespace Sere.Distributions;

/// <summary>
/// A probability distribution over events of one or more dimensions. An immutable value that borrows its parameter
/// tensors. Log-densities are in nats.
/// </summary>
public abstract class Distribution
{
    /// <summary>Number of trailing dimensions that form one event.</summary>
    public abstract int EventRank { get; }

    /// <summary>The log-density or log-mass of <paramref name="x"/>: its shape without the event dimensions, in nats.</summary>
    public abstract torch.Tensor LogProb(torch.Tensor x);

    /// <summary>Draws with an explicit generator; reparameterized where the distribution is continuous.</summary>
    /// <param name="generator">The random stream, on the CPU.</param>
    /// <param name="sampleShape">Leading dimensions of independent draws; none gives one draw per parameter.</param>
    public abstract torch.Tensor Sample(torch.Generator generator, params long[] sampleShape);

    /// <summary>Draws, and the log-density of each draw.</summary>
    public virtual (torch.Tensor Value, torch.Tensor LogProb) SampleAndLogProb(
        torch.Generator generator,
        params long[] sampleShape)
    {
        var value = Sample(generator, sampleShape);
        return (value, LogProb(value));
    }
}
