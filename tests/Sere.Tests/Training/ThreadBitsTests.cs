using Sere.Evaluation;
using Sere.Numerics;
using Sere.Performance;
using Sere.Runs.Configuration;
using Sere.Tests.Numerics;
using Sere.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Training;

/// <summary>
/// How many threads compute decides no bit as long as their number may be chosen. Seen to fail where a product that is the
/// only piece of a pass was left to all threads of the matrix library, and where products of libtorch were no reason not to
/// choose.
/// </summary>
[Collection(ProcessMemoryTests.Alone)]
public sealed class ThreadBitsTests
{
    [Theory]
    [InlineData("digits", true)]
    [InlineData("mnist-mlp", true)]
    [InlineData("mnist-dlgm-blocks", true)]
    [InlineData("mnist-iwae", true)]
    [InlineData("mnist-iaf", true)]
    [InlineData("mnist-relaxed-bernoulli", true)]
    [InlineData("mnist-ladder", false)]
    [InlineData("cifar10-case1", false)]
    [InlineData("cifar10-maf-small", false)]
    public void Weights_and_scores_are_the_same_with_any_number_of_threads(string preset, bool isChosen)
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
            foreach (int threads in (int[])(isChosen ? [1, 2, 3] : [2]))
            {
                torch.set_num_threads(threads);
                ThreadTuner.ChooseByMeasuring();
                using var model = configuration.Model.Build(images.Shape, configuration.Seed);
                using var trainer = new Trainer(
                    model, configuration.Training, images, configuration.Dataset.Preparation, configuration.Seed);
                trainer.RunEpoch(cancellation: TestContext.Current.CancellationToken);
                double[] scores = [.. trainer.WithEvaluationValues(() => ImportanceSampledLikelihood.Evaluate(
                    model, images.Slice(0, 20), configuration.Dataset.Preparation, options)).LogLikelihood];
                float[] weights = [.. trainer.Parameters.Values.data<float>()];
                one ??= (weights, scores);
                Assert.Equal(isChosen && threads > 1, ThreadTuner.IsActive);
                Assert.True(weights.AsSpan().SequenceEqual(one.Value.Weights), $"weights with {threads} threads");
                Assert.Equal(one.Value.Scores, scores);
            }
        }
        finally
        {
            torch.set_num_threads(1);
            ThreadTuner.ChooseByMeasuring();
            torch.set_num_threads(before);
        }
    }
}
