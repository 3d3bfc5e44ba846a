using Sere.Hierarchies;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>
/// Codes and noise of data are two names of one point. Shown to fail with the noise taken as base latents (no prior
/// subtracted), and with codes of a draw instead of the means.
/// </summary>
public sealed class LatentCodeLawTests
{
    public static TheoryData<string> Names => TinyModels.Names;

    public static TheoryData<string> NormalNames => TinyModels.NormalNames;

    [Theory]
    [MemberData(nameof(Names))]
    public void The_prior_walks_from_the_noise_of_data_to_its_codes(string name)
    {
        using var noGrad = torch.no_grad();
        using var model = TinyModels.Create(name);
        var images = TinyModels.AllImages();
        var walked = torch.cat([.. model.Hierarchy.Generate(model.LatentNoise(images)).Select(step => step.Code)], -1);
        TensorAssert.Close(walked, model.LatentCodes(images), 1e-10, name);
        Assert.Equal([16, model.LatentsPerLayer.Sum()], model.LatentCodes(images).shape);
    }

    [Theory]
    [MemberData(nameof(NormalNames))]
    public void Each_layer_takes_the_mean_of_its_posterior_given_the_codes_above(string name)
    {
        using var noGrad = torch.no_grad();
        using var model = TinyModels.Create(name);
        var images = TinyModels.AllImages();
        var evidence = model.Hierarchy.Interpret(model.Encoder.Encode(images));
        var steps = new List<LatentStep>();
        for (int layer = 0; layer < model.Layers; layer++)
        {
            // Any latent: the posterior is read off, and its mean is walked on with.
            var any = new LatentSource.Given(torch.zeros([16, model.Hierarchy.Latents(layer)], torch.float64), evidence[layer]);
            var mean = ((NormalLatentStep)model.Hierarchy.Step(layer, steps, any)).Posterior!.Mean;
            steps.Add(model.Hierarchy.Step(layer, steps, new LatentSource.Given(mean, evidence[layer])));
        }

        TensorAssert.Close(torch.cat([.. steps.Select(step => step.Code)], -1), model.LatentCodes(images), 1e-10, name);
    }
}
