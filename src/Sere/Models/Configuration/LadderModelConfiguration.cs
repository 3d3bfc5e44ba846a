using Sere.Kernels;

namespace Sere.Models.Configuration;

/// <summary>
/// A ladder variational autoencoder (Sonderby et al. 2016): a bottom-up pass with batch normalization, a top-down chain of
/// priors, and a posterior that merges both by their precisions. The image sees the last layer. JSON kind "ladder".
/// </summary>
public sealed record LadderModelConfiguration : ModelConfiguration
{
    /// <summary>
    /// N_l of each layer, from the top one, which is drawn first, to the one that the image sees; 1 to 1000 layers of 1 to
    /// 100000. The list is copied when it is set.
    /// </summary>
    public LayerSizes Latents { get; init; } = new([4, 8, 16, 32, 64]);

    /// <summary>Width of the networks of each layer, in the same order; one number for all, or a list as long.</summary>
    public LayerSizes Widths { get; init; } = new([32, 64, 128, 256, 512]);

    /// <summary>Hidden layers of each network; 1 to 100.</summary>
    public int HiddenLayers { get; init; } = 2;

    /// <summary>The nonlinearity after each hidden layer.</summary>
    public Activation Activation { get; init; } = Activation.LeakyRelu;

    /// <summary>The bound of the means of the priors, kept by a smooth map; greater than 0.</summary>
    public double MeanBound { get; init; } = 5;

    /// <summary>The smallest standard deviation; greater than 0 and less than 1, where it starts. The default is exp(-4).</summary>
    public double ScaleFloor { get; init; } = 0.018315638888734179;

    /// <summary>The largest standard deviation; greater than 1, where it starts. The default is exp(2).</summary>
    public double ScaleCeiling { get; init; } = 7.38905609893065;

    /// <summary>The distribution of the whole image given the code of the last layer.</summary>
    public DataLayerConfiguration Data { get; init; } = new BernoulliDataConfiguration();

    internal override DataLayerConfiguration DataLayer => Data;

    internal override void Validate(string path)
    {
        ConfigurationCheck.Require(
            !Latents.IsUniform && Latents.Values.Count is >= 1 and <= 1000,
            $"{path}.latents",
            Latents,
            "a list of 1 to 1000 sizes, one for each layer");
        Latents.Validate($"{path}.latents", Latents.Values.Count);
        Widths.Validate($"{path}.widths", Latents.Values.Count);
        ConfigurationCheck.Require(
            HiddenLayers is >= 1 and <= 100, $"{path}.hiddenLayers", HiddenLayers, "a whole number from 1 to 100");
        ConfigurationCheck.RequireNamed($"{path}.activation", Activation);
        ConfigurationCheck.Require(
            MeanBound is > 0 and < double.PositiveInfinity, $"{path}.meanBound", MeanBound, "greater than 0 and finite");
        ConfigurationCheck.Require(
            ScaleFloor is > 0 and < 1, $"{path}.scaleFloor", ScaleFloor, "greater than 0 and less than 1");
        ConfigurationCheck.Require(
            ScaleCeiling is > 1 and < double.PositiveInfinity,
            $"{path}.scaleCeiling",
            ScaleCeiling,
            "greater than 1 and finite");
        Data.Validate($"{path}.data");
        ConfigurationCheck.RequireNoFlow($"{path}.data", Data);
        ConfigurationCheck.RequirePerceptrons($"{path}.data.network", Data.Network);
    }
}
