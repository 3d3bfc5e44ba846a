using Sere.Data;
using Sere.Distributions;
using Sere.Evaluation;
using Sere.Kernels;
using Sere.Likelihoods;
using Sere.Numerics;
using Sere.Runs.Configuration;
using Sere.Tests.Training;
using Sere.Training;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Cuda;

/// <summary>
/// Kernels of a CUDA device against their plain forms there, values and all gradients. They skip where there is no such
/// device.
/// </summary>
[Trait("Category", "Cuda")]
public sealed class CudaKernelTests : IDisposable
{
    private const double Tolerance = 2e-4;
    private readonly DisposeScope _scope = torch.NewDisposeScope();
    private readonly torch.Generator _generator = new(1);

    public CudaKernelTests() => Assert.SkipUnless(torch.cuda.is_available(), "There is no CUDA device.");

    public void Dispose()
    {
        _generator.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void The_kernels_compile()
    {
        Assert.Null(CudaDriver.Failure);
        Assert.Null(CudaGraph.Failure);
    }

    [Theory]
    [InlineData(false, false, 10)]
    [InlineData(true, false, 10)]
    [InlineData(true, true, 10)]
    [InlineData(true, false, 150)]
    public void A_step_of_the_chain(bool hasPrior, bool logRatio, int latents)
    {
        const int Images = 7;

        // The plain divergence without a prior's parameters does not depend on the samples, and has no dimension for them.
        int samples = hasPrior ? 3 : 1;
        var bounds = new ChainStepBounds(3, new SmoothInterval(-4, 2, 0), new SmoothInterval(0.2, 5, 1), 0.9);
        var prior = hasPrior ? Draw(samples, Images, 2 * latents) : null;
        var bijector = Draw(samples, Images, 3 * latents);
        var (mean, logScale) = (Draw(Images, latents), Draw(Images, latents));
        var noise = Draw(samples, Images, latents).detach();
        Same(
            () =>
            {
                var (code, cost) = ChainStep.Apply(new ChainStepInputs(prior, bijector, mean, logScale, noise, bounds), logRatio);
                return [code, cost.view(cost.shape.Length == 1 ? [1, -1] : [-1, Images])];
            },
            new[] { prior, bijector, mean, logScale }.OfType<torch.Tensor>());
    }

    [Theory]
    [InlineData(null, true, false)]
    [InlineData(Activation.Elu, true, true)]
    [InlineData(Activation.Relu, false, true)]
    [InlineData(Activation.LeakyRelu, true, false)]
    [InlineData(Activation.Tanh, true, true)]
    public void A_layer_of_a_stack_of_perceptrons(Activation? activation, bool hasBias, bool hasAddend)
    {
        const int Stack = 3;
        var (x, weight) = (Draw(Stack, 12, 17), Draw(Stack, 17, 45));
        var bias = hasBias ? Draw(Stack, 1, 45) : null;
        var addend = hasAddend ? Draw(Stack, 4, 45) : null;
        Same(
            () => [PerceptronLayer.Stacked(x, weight, bias, activation, addend)],
            new[] { x, weight, bias, addend }.OfType<torch.Tensor>());
    }

    [Fact]
    public void A_layer_of_one_perceptron()
    {
        var (x, weight, bias) = (Draw(2, 6, 17), Draw(33, 17), Draw(33));
        Same(() => [PerceptronLayer.Single(x, weight, bias, Activation.Elu)], [x, weight, bias]);
    }

    [Fact]
    public void Bernoulli_blocks()
    {
        var logits = Draw(3, 2, 5, 20);
        var data = Draw(3, 5, 20).detach().IsAbove(0).to(torch.ScalarType.Float32);
        var mask = Draw(3, 1, 20).detach().IsAbove(-1).to(torch.ScalarType.Float32);
        Same(() => [BernoulliLogLikelihood.Apply(logits, data, mask)], [logits]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Blocks_of_logistic_mixtures(int channels)
    {
        const int Pixels = 6;
        var family = new LogisticMixtureFamily(new LogisticMixtureSettings(channels, 5, 16, 1e-2));
        var parameters = Draw(2, 2, 5, family.ParameterCount(Pixels * channels));
        var data = Draw(2, 5, Pixels * channels).detach().abs().Clamp(0, 1);
        var mask = torch.ones([2, 1, Pixels * channels], device: torch.CUDA);
        Same(() => [family.LogLikelihood(parameters, data, mask)], [parameters]);
    }

    [Theory]
    [InlineData(1, "[64,64]")]
    [InlineData(4, "[64,64]")]
    [InlineData(1, "[]")]
    [InlineData(2, "[30]")]
    public void A_whole_model_and_its_gradients(int samples, string chain)
    {
        var configuration = ConfigurationOverrides.Apply(
            Presets.Load("digits"), [$"model.prior.network.hidden={chain}", $"model.bijector.network.hidden={chain}"]);
        var images = DigitsGenerator.GenerateTrain(32);
        using var model = configuration.Model.Build(images.Shape, 1, device: torch.CUDA);
        var x = Binarization.EvaluationImages(
            images.ToTensor().to(torch.CUDA), 0, BinarizationRule.Dynamic, new RandomStreams(1));
        long[] shape = samples == 1 ? [32, model.NoiseSize] : [samples, 32, model.NoiseSize];
        var noise = torch.randn(shape, generator: _generator).to(torch.CUDA);
        var beta = torch.tensor([0.7f]).to(torch.CUDA);
        Same(
            () =>
            {
                var objective = TrainingObjective.Of(model, x, noise, beta);
                return [objective.Value, objective.Sums()];
            },
            model.parameters());
        using var noGrad = torch.no_grad();
        var encoded = model.Encode(x);
        var many = torch.randn([200, 32, model.NoiseSize], generator: _generator).to(torch.CUDA);
        var kernel = model.LogImportanceWeights(encoded, many);
        using (FusedKernels.UsePlainFormulas())
        {
            Close(model.LogImportanceWeights(encoded, many), kernel);
        }
    }

    [Theory]
    [InlineData(StepCapture.Auto, true, 1)]
    [InlineData(StepCapture.Off, true, 1)]
    [InlineData(StepCapture.Auto, false, 1)]
    [InlineData(StepCapture.Auto, true, 3)]
    public void Training_gives_what_the_CPU_gives(StepCapture capture, bool isAdam, int samples)
    {
        var training = new TrainingChoice
        {
            Epochs = 6,
            BatchSize = 8,
            Capture = capture,
            ImportanceSamples = samples,
            ImportanceSamplesFrom = 0.5,
            AverageDecay = 0.99,
            GradientClip = 5,
            Optimizer = isAdam ? new AdamChoice() : new AdamaxChoice(),
        };
        var images = TinyExperiment.Images(35);
        double[] Train(torch.Device device)
        {
            using var model = TinyExperiment.Configuration.Model.Build(TinyExperiment.Shape, 1, device: device);
            using var trainer = new Trainer(model, training, images, BinarizationRule.Dynamic, 1)
            {
                OnRemark = remark => Assert.Fail(remark),
            };
            var elbos = new List<double>();
            while (!trainer.IsDone)
            {
                elbos.Add(trainer.Epoch().Elbo);
            }

            Assert.Equal(30, trainer.Optimizer.Steps);
            Assert.Equal(capture == StepCapture.Auto && device.type == DeviceType.CUDA, trainer.GraphNodes > 0);
            return [.. elbos, trainer.EvaluationValues.abs().sum().cpu().item<float>()];
        }

        double[] cpu = Train(torch.CPU);
        double[] cuda = Train(torch.CUDA);
        Assert.All(cpu.Zip(cuda), pair => Assert.Equal(pair.First, pair.Second, 1e-3 * Math.Abs(pair.First)));
    }

    [Fact]
    public void What_a_checkpoint_takes_is_of_all_steps_that_were_begun()
    {
        using var model = TinyExperiment.Configuration.Model.Build(TinyExperiment.Shape, 1, device: torch.CUDA);
        using var trainer = new Trainer(
            model, new TrainingChoice { Epochs = 2, BatchSize = 8 }, TinyExperiment.Images(800), BinarizationRule.Dynamic, 1);
        long reported = 0;
        trainer.Epoch(progress =>
        {
            Assert.Equal(++reported, progress.Step);
            Assert.True(trainer.Progress.Step >= reported);
            Assert.Equal(trainer.Progress.Step, trainer.Optimizer.Steps);
            Assert.True(trainer.IsBetweenSteps);
        });
        Assert.Equal(100, reported);
        Assert.False(torch.backends.cudnn.allow_tf32);
    }

    [Fact]
    public void A_step_that_is_not_finite_changes_nothing()
    {
        using var model = TinyExperiment.Configuration.Model.Build(TinyExperiment.Shape, 1, device: torch.CUDA);
        using var trainer = new Trainer(
            model, new TrainingChoice { Epochs = 3, BatchSize = 8 }, TinyExperiment.Images(32), BinarizationRule.Dynamic, 1);
        trainer.Epoch();
        using (torch.no_grad())
        {
            trainer.Parameters.Values[0] = float.NaN;
        }

        using var before = trainer.Parameters.Values.clone();
        var metrics = trainer.Epoch();
        Assert.Equal(4, metrics.SkippedSteps);
        Assert.Equal(4, trainer.Optimizer.Steps);
        Assert.Equal(TinyExperiment.Bits(before.cpu()), TinyExperiment.Bits(trainer.Parameters.Values.cpu()));
    }

    [Fact]
    public void A_step_whose_gradient_is_too_long_changes_nothing()
    {
        using var model = TinyExperiment.Configuration.Model.Build(TinyExperiment.Shape, 1, device: torch.CUDA);
        var training = new TrainingChoice { Epochs = 1, BatchSize = 8, GradientSkip = 1e-6 };
        using var trainer = new Trainer(model, training, TinyExperiment.Images(32), BinarizationRule.Dynamic, 1);
        using var before = trainer.Parameters.Values.clone();
        Assert.Equal(4, trainer.Epoch().SkippedSteps);
        Assert.Equal(0, trainer.Optimizer.Steps);
        Assert.Equal(TinyExperiment.Bits(before.cpu()), TinyExperiment.Bits(trainer.Parameters.Values.cpu()));
    }

    [Fact]
    public void An_evaluation_gives_what_the_CPU_gives_with_any_number_of_rows()
    {
        var images = TinyExperiment.Images(30);
        double[] Evaluate(torch.Device device, int? rows)
        {
            using var model = TinyExperiment.Configuration.Model.Build(TinyExperiment.Shape, 1, device: device);
            model.eval();
            return ImportanceSampledLikelihood.Evaluate(
                model,
                images,
                BinarizationRule.Dynamic,
                new EvaluationOptions { ImportanceSamples = 250, RowsAtOnce = rows },
                cancellation: TestContext.Current.CancellationToken).LogLikelihood;
        }

        double[] cpu = Evaluate(torch.CPU, null);
        Assert.All(
            new int?[] { null, 100, 100_000 },
            rows => Assert.All(cpu.Zip(Evaluate(torch.CUDA, rows)), pair => Assert.Equal(pair.First, pair.Second, 1e-3)));
    }

    private static void Close(torch.Tensor expected, torch.Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        var (first, second) = (expected.to(torch.ScalarType.Float64), actual.to(torch.ScalarType.Float64));
        double scale = first.norm().cpu().item<double>();
        double difference = (first - second).norm().cpu().item<double>();
        Assert.True(difference <= Tolerance * scale + 1e-6, $"{difference} of {scale}, shape [{string.Join(", ", expected.shape)}]");
    }

    /// <summary>The same results and gradients by kernels, by kernels that add gradients in place, and by plain formulas.</summary>
    private void Same(Func<torch.Tensor[]> compute, IEnumerable<torch.Tensor> inputs)
    {
        torch.Tensor[] leaves = [.. inputs];
        torch.Tensor[]? weights = null;
        torch.Tensor[] Run()
        {
            foreach (var leaf in leaves)
            {
                leaf.grad = torch.zeros_like(leaf);
            }

            var results = compute();
            weights ??= [.. results.Select(result => Draw(result.shape).detach().to(result.dtype))];
            var loss = results.Zip(weights).Select(pair => (pair.First * pair.Second).sum().to(torch.ScalarType.Float64))
                .Aggregate((sum, term) => sum.Plus(term));
            loss.backward();
            return [.. results.Select(result => result.detach()), .. leaves.Select(leaf => leaf.grad!.clone())];
        }

        torch.Tensor[] plain;
        using (FusedKernels.UsePlainFormulas())
        {
            plain = Run();
        }

        torch.Tensor[] kernel = Run();
        torch.Tensor[] inPlace;
        using (new GradientsInPlace())
        {
            inPlace = Run();
        }

        Assert.All(plain.Zip(kernel), pair => Close(pair.First, pair.Second));
        Assert.All(plain.Zip(inPlace), pair => Close(pair.First, pair.Second));
    }

    private torch.Tensor Draw(params long[] shape) =>
        torch.randn(shape, generator: _generator).to(torch.CUDA).Times(0.7).requires_grad_(true);
}
