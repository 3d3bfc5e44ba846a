using Sere.Data;
using Sere.Runs;
using Xunit;

namespace Sere.Tests.Runs;

/// <summary>The trained model that comes with the repository: later versions must read it.</summary>
public sealed class KeptModelTests
{
    [Fact]
    public void The_trained_model_in_the_repository_draws_and_knows_its_own_draws_from_noise()
    {
        using var model = TrainedModel.Load(Path.Combine(RepositoryFolder.Path, "models", "mnist-nsf-coupling"));
        var drawn = model.Sample(20).Values.Span;
        byte[] own = new byte[drawn.Length], noise = new byte[drawn.Length];
        double ink = 0;
        for (int i = 0; i < own.Length; i++)
        {
            own[i] = (byte)Math.Round(255 * drawn[i]);
            ink += drawn[i] / drawn.Length;

            // As much ink, at places that stand in no relation.
            noise[i] = own[(int)((i * 7919L) % own.Length)];
        }

        Assert.InRange(ink, 0.1, 0.17);
        double Mean(byte[] pixels) => model.LogLikelihood(new ImageSet(model.Shape, pixels), importanceSamples: 10).Average();
        Assert.InRange(Mean(own), -110, -60);
        Assert.True(Mean(noise) < -250);
    }
}
