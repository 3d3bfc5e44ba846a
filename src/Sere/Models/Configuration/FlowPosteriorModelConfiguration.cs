namespace Sere.Models.Configuration;

/// <summary>
/// A variational autoencoder of one layer of latents whose posterior is a flow that sees the image, with a standard normal
/// prior (Kingma et al. 2016). JSON kind "flow-posterior".
/// </summary>
public sealed record FlowPosteriorModelConfiguration : ModelConfiguration
{
    /// <summary>N, the latent variables; 1 to 100000.</summary>
    public int Latents { get; init; } = 100;

    /// <summary>Size of the context that the encoder gives to each step of the flow; 1 to 100000.</summary>
    public int Context { get; init; } = 100;

    /// <summary>The encoder from the image to the base of the posterior and the context.</summary>
    public EvidenceConfiguration Evidence { get; init; } = new IndependentEvidenceConfiguration();

    /// <summary>The base of the posterior.</summary>
    public FreePosteriorConfiguration Posterior { get; init; } = new();

    /// <summary>The flow from the base to z.</summary>
    public BijectorConfiguration Bijector { get; init; } = new InverseAutoregressiveConfiguration { Steps = 10 };

    /// <summary>The distribution of the whole image given z.</summary>
    public DataLayerConfiguration Data { get; init; } = new BernoulliDataConfiguration();

    internal override DataLayerConfiguration DataLayer => Data;

    internal override void Validate(string path)
    {
        const string Range = "a whole number from 1 to 100000";
        ConfigurationCheck.Require(Latents is >= 1 and <= 100_000, $"{path}.latents", Latents, Range);
        ConfigurationCheck.Require(Context is >= 1 and <= 100_000, $"{path}.context", Context, Range);
        Evidence.Validate($"{path}.evidence");
        Posterior.Validate($"{path}.posterior");
        Bijector.Validate($"{path}.bijector");
        Data.Validate($"{path}.data");
        ConfigurationCheck.RequireNoFlow($"{path}.data", Data);
    }
}
