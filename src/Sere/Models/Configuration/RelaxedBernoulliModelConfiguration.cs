namespace Sere.Models.Configuration;

/// <summary>
/// A variational autoencoder of binary latents whose posterior is the complete inverse of its decoder, relaxed in training
/// (Webb et al. 2018). JSON kind "relaxed-bernoulli".
/// </summary>
public sealed record RelaxedBernoulliModelConfiguration : ModelConfiguration
{
    /// <summary>The binary latents; 1 to 1000, for each of which a draw takes a pass.</summary>
    public int Latents { get; init; } = 30;

    /// <summary>Size of the context that the encoder gives to the posterior; 1 to 100000.</summary>
    public int Context { get; init; } = 200;

    /// <summary>The encoder from the image to the context.</summary>
    public EvidenceConfiguration Evidence { get; init; } = new IndependentEvidenceConfiguration();

    /// <summary>The masked network of the posterior; its hidden widths are those between the masks.</summary>
    public NetworkConfiguration Network { get; init; } = new MlpConfiguration();

    /// <summary>The temperature of the relaxed posterior; greater than 0.</summary>
    public double PosteriorTemperature { get; init; } = 2.0 / 3;

    /// <summary>The temperature of the relaxed prior; greater than 0.</summary>
    public double PriorTemperature { get; init; } = 0.5;

    /// <summary>The distribution of the whole image given the latents.</summary>
    public DataLayerConfiguration Data { get; init; } = new BernoulliDataConfiguration();

    internal override DataLayerConfiguration DataLayer => Data;

    internal override void Validate(string path)
    {
        ConfigurationCheck.Require(
            Latents is >= 1 and <= 1000, $"{path}.latents", Latents, "a whole number from 1 to 1000");
        ConfigurationCheck.Require(
            Context is >= 1 and <= 100_000, $"{path}.context", Context, "a whole number from 1 to 100000");
        Evidence.Validate($"{path}.evidence");
        Network.Validate($"{path}.network");
        ConfigurationCheck.RequirePerceptrons($"{path}.network", Network);
        ConfigurationCheck.Require(
            PosteriorTemperature is > 0 and < double.PositiveInfinity,
            $"{path}.posteriorTemperature",
            PosteriorTemperature,
            "greater than 0 and finite");
        ConfigurationCheck.Require(
            PriorTemperature is > 0 and < double.PositiveInfinity,
            $"{path}.priorTemperature",
            PriorTemperature,
            "greater than 0 and finite");
        Data.Validate($"{path}.data");
        ConfigurationCheck.RequireNoFlow($"{path}.data", Data);
    }
}
