using Sere.Evaluation;
using Sere.Performance;
using Sere.Runs.Configuration;
using Sere.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Training;

/// <summary>
/// How many threads compute decides no bit, so that a run may change their number. Seen to fail where a product that is
/// the only piece of a pass was left to all threads of the matrix library.
/// </summary>
public sealed class ThreadBitsTests
{
    [Theory]
    [InlineData("digits")]
    [InlineData("mnist-mlp")]
    [InlineData("mnist-dlgm-blocks")]
    [InlineData("mnist-ladder")]
    [InlineData("mnist-iwae")]
    [InlineData("mnist-iaf")]
    [InlineData("mnist-sere-iaf")]
    [InlineData("mnist-relaxed-bernoulli")]
    [InlineData("cifar10-case1")]
    [InlineData("cifar10-maf-small")]
    [InlineData("cifar10-sere-maf-small")]
    public void Weights_and_scores_are_the_same_with_any_number_of_threads(string preset)
    {
        // Fewer rows than a pass is cut at, and a last batch that is smaller still.
        var configuration = Presets.Load(preset);
        configuration = configuration with { Training = configuration.Training with { BatchSize = 50, Epochs = 1 } };
        var images = BenchmarkImages.For(configuration, 60);
        var options = new EvaluationOptions { ImportanceSamples = 3, Seed = 1 };
        (float[] Weights, double[] Scores)? one = null;
        int before = torch.get_num_threads();
        try
        {
            foreach (int threads in (int[])[1, 2, 3, 5])
            {
                torch.set_num_threads(threads);
                using var model = configuration.Model.Build(images.Shape, configuration.Seed);
                using var trainer = new Trainer(
                    model, configuration.Training, images, configuration.Dataset.Preparation, configuration.Seed);
                trainer.RunEpoch(cancellation: TestContext.Current.CancellationToken);
                double[] scores = [.. trainer.WithEvaluationValues(() => ImportanceSampledLikelihood.Evaluate(
                    model, images.Slice(0, 20), configuration.Dataset.Preparation, options)).LogLikelihood];
                float[] weights = [.. trainer.Parameters.Values.data<float>()];
                one ??= (weights, scores);
                Assert.True(weights.AsSpan().SequenceEqual(one.Value.Weights), $"weights with {threads} threads");
                Assert.Equal(one.Value.Scores, scores);
            }
        }
        finally
        {
            torch.set_num_threads(before);
        }
    }
}
