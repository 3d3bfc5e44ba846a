using Sere.Data;
using Sere.Numerics;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace Sere.Tests.Data;

public sealed class BinarizationTests : IDisposable
{
    private static readonly RandomStreams Streams = new(11);
    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    /// <summary>Each row holds every grey value once, 0 to 255.</summary>
    private static Tensor EveryGrey(int rows) => TensorArithmetic.Indices(256).to(uint8).unsqueeze(0).repeat(rows, 1);

    private static Tensor SomeGrey(int rows, int dimensions, ulong seed)
    {
        using var generator = new Generator(seed, CPU);
        return randint(0, 256, [rows, dimensions], dtype: uint8, generator: generator);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_dynamic_pixel_is_one_with_the_probability_of_its_grey_value(bool training)
    {
        const int Rows = 4000;
        Tensor grey = EveryGrey(Rows);
        using Generator generator = Streams.Open(StreamPurpose.TrainingBinarization);
        Tensor values = training
            ? Binarization.TrainingBatch(grey, BinarizationRule.Dynamic, generator)
            : Binarization.EvaluationImages(grey, 0, BinarizationRule.Dynamic, Streams);
        Assert.Equal(float32, values.dtype);
        Assert.True(values.IsEqualTo(0).logical_or(values.IsEqualTo(1)).all().item<bool>());
        float[] means = values.mean([0]).data<float>().ToArray();
        Assert.Equal(0, means[0]);
        Assert.Equal(1, means[255]);
        for (int value = 1; value < 255; value++)
        {
            double probability = value / 255.0;
            double standardError = Math.Sqrt(probability * (1 - probability) / Rows);
            Assert.InRange(means[value], probability - (4 * standardError), probability + (4 * standardError));
        }
    }

    [Fact]
    public void Pixels_are_drawn_independently()
    {
        const int Rows = 20_000;
        Tensor grey = TensorArithmetic.Full([Rows, 2], 128, uint8);
        Tensor values = Binarization.EvaluationImages(grey, 0, BinarizationRule.Dynamic, Streams);
        Tensor centred = values - values.mean([0]);
        double correlation = 4 * (centred.select(1, 0) * centred.select(1, 1)).mean([0]).item<float>();
        Assert.InRange(correlation, -4 / Math.Sqrt(Rows), 4 / Math.Sqrt(Rows));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(784)]
    public void An_evaluated_image_is_the_same_whatever_the_limit_the_batch_or_the_order(int dimensions)
    {
        Tensor grey = SomeGrey(10, dimensions, 3);
        Tensor all = Binarization.EvaluationImages(grey, 0, BinarizationRule.Dynamic, Streams);
        Tensor limited = Binarization.EvaluationImages(grey.narrow(0, 0, 4), 0, BinarizationRule.Dynamic, Streams);
        Assert.True(limited.equal(all.narrow(0, 0, 4)).all().item<bool>());
        for (int image = 9; image >= 0; image--)
        {
            Tensor alone = Binarization.EvaluationImages(
                grey.narrow(0, image, 1), image, BinarizationRule.Dynamic, Streams);
            Assert.True(alone.equal(all.narrow(0, image, 1)).all().item<bool>());
        }
    }

    [Fact]
    public void Evaluated_images_differ_by_index_and_by_seed()
    {
        Tensor grey = TensorArithmetic.Full([2, 784], 128, uint8);
        Tensor values = Binarization.EvaluationImages(grey, 0, BinarizationRule.Dynamic, Streams);
        Tensor others = Binarization.EvaluationImages(grey, 0, BinarizationRule.Dynamic, new RandomStreams(12));
        Assert.False(values[0].equal(values[1]).all().item<bool>());
        Assert.False(values.equal(others).all().item<bool>());
    }

    [Fact]
    public void A_training_batch_is_a_function_of_its_stream()
    {
        Tensor grey = SomeGrey(5, 100, 4);
        Tensor Draw(long step)
        {
            using Generator generator = Streams.Open(StreamPurpose.TrainingBinarization, index: step);
            return Binarization.TrainingBatch(grey, BinarizationRule.Dynamic, generator);
        }

        Assert.True(Draw(1).equal(Draw(1)).all().item<bool>());
        Assert.False(Draw(1).equal(Draw(2)).all().item<bool>());
    }

    [Fact]
    public void The_threshold_lies_at_128()
    {
        Tensor grey = tensor(new byte[] { 0, 127, 128, 255 }, [1, 4], dtype: uint8);
        AssertBoth([0, 0, 1, 1], grey, BinarizationRule.Threshold);
    }

    [Fact]
    public void Without_binarization_grey_values_are_scaled_to_one()
    {
        Tensor grey = tensor(new byte[] { 0, 51, 128, 255 }, [1, 4], dtype: uint8);
        AssertBoth([0, 51 / 255f, 128 / 255f, 1], grey, BinarizationRule.None);
    }

    [Theory]
    [InlineData(BinarizationRule.Dynamic)]
    [InlineData(BinarizationRule.Threshold)]
    [InlineData(BinarizationRule.None)]
    public void Nothing_but_the_result_stays_alive(BinarizationRule rule)
    {
        Tensor grey = SomeGrey(3, 20, 5);
        using Generator generator = Streams.Open(StreamPurpose.TrainingBinarization);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Tensor training = Binarization.TrainingBatch(grey, rule, generator);
        Tensor evaluation = Binarization.EvaluationImages(grey, 7, rule, Streams);
        Assert.Equal(before + 2, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.False(training.IsInvalid);
        Assert.False(evaluation.IsInvalid);
        Assert.False(grey.IsInvalid);
    }

    [Fact]
    public void Tensors_other_than_rows_of_bytes_or_floats_are_refused()
    {
        using Generator generator = Streams.Open(StreamPurpose.TrainingBinarization);
        Assert.Throws<ArgumentException>(
            () => Binarization.TrainingBatch(zeros(2, 2, dtype: float64), BinarizationRule.Dynamic, generator));
        Assert.Throws<ArgumentException>(() => Binarization.EvaluationImages(
            zeros([4], dtype: uint8), 0, BinarizationRule.Dynamic, Streams));
    }

    [Fact]
    public void Dequantized_bytes_lie_within_their_level_and_fill_it_evenly()
    {
        using var scope = NewDisposeScope();
        Tensor grey = tensor([.. Enumerable.Range(0, 256).Select(value => (byte)value)], [1, 256], dtype: uint8).expand(400, -1);
        Tensor values = Binarization.EvaluationImages(grey.contiguous(), 0, BinarizationRule.Dequantized, Streams);
        Assert.True(values.Times(256).floor().Clamp(0, 255).eq(grey).all().item<bool>());
        Tensor within = (values.Times(256) - grey).to(float64);

        // Mean and variance of 102,400 uniform numbers, within four standard errors.
        Assert.Equal(0.5, within.mean().item<double>(), 4 * Math.Sqrt(1.0 / 12 / 102_400));
        Assert.Equal(1.0 / 12, within.var().item<double>(), 4 * Math.Sqrt(1.0 / 180 / 102_400));
    }

    [Fact]
    public void A_dequantized_test_image_is_the_same_whatever_the_batch()
    {
        using var scope = NewDisposeScope();
        Tensor grey = randint(0, 255, [6, 10], dtype: uint8);
        Tensor all = Binarization.EvaluationImages(grey, 0, BinarizationRule.Dequantized, Streams);
        Tensor last = Binarization.EvaluationImages(grey.narrow(0, 4, 2), 4, BinarizationRule.Dequantized, Streams);
        Assert.Equal(all.narrow(0, 4, 2).contiguous().data<float>().ToArray(), last.data<float>().ToArray());
    }

    [Fact]
    public void Real_values_are_not_dequantized()
    {
        var images = new ImageSet(new ImageShape(1, 1, 2), new float[] { 0.5f, 0.2f });
        Assert.Contains(
            "dataset.dequantization",
            Assert.Throws<UsageException>(
                () => Binarization.RequireGrey(images, BinarizationRule.Dequantized, "given")).Message);
    }

    [Fact]
    public void Real_grey_values_become_what_the_bytes_become()
    {
        byte[] bytes = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];
        using Tensor grey = tensor(bytes, [2, 128], dtype: uint8);
        using Tensor real = grey.to(float32).Over(255);
        foreach (BinarizationRule rule in Enum.GetValues<BinarizationRule>().Where(rule => rule != BinarizationRule.Dequantized))
        {
            using Tensor expected = Binarization.EvaluationImages(grey, 3, rule, Streams);
            using Tensor actual = Binarization.EvaluationImages(real, 3, rule, Streams);
            Assert.Equal(expected.data<float>().ToArray(), actual.data<float>().ToArray());
        }
    }

    [Theory]
    [InlineData(-0.1f, BinarizationRule.Dynamic, true)]
    [InlineData(1.1f, BinarizationRule.Threshold, true)]
    [InlineData(1.1f, BinarizationRule.None, false)]
    [InlineData(1f, BinarizationRule.Dynamic, false)]
    public void Real_values_that_are_no_probabilities_are_refused_unless_they_stay_real(
        float value, BinarizationRule rule, bool refused)
    {
        var images = new ImageSet(new ImageShape(1, 1, 2), [0f, value]);
        var error = Record.Exception(() => Binarization.RequireGrey(images, rule, "here"));
        if (!refused)
        {
            Assert.Null(error);
            return;
        }

        string message = Assert.IsType<UsageException>(error).Message;
        Assert.Contains("'here'", message);
        Assert.Contains("dataset.binarization=none", message);
    }

    private static void AssertBoth(float[] expected, Tensor grey, BinarizationRule rule)
    {
        using Generator generator = Streams.Open(StreamPurpose.TrainingBinarization);
        Tensor training = Binarization.TrainingBatch(grey, rule, generator);
        Tensor evaluation = Binarization.EvaluationImages(grey, 0, rule, Streams);
        Assert.Equal(float32, training.dtype);
        Assert.Equal(expected, training.data<float>().ToArray());
        Assert.Equal(expected, evaluation.data<float>().ToArray());
    }
}
