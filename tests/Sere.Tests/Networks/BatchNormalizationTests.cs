using Sere.Networks;
using Sere.Numerics;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Networks;

/// <summary>Batch normalization against its formulas.</summary>
/// <remarks>Seen to fail with: the statistics of the batch in evaluation, too.</remarks>
public sealed class BatchNormalizationTests
{
    private const int Rows = 50;
    private const int Features = 3;

    [Fact]
    public void In_training_each_feature_has_mean_0_and_variance_1_over_the_batch()
    {
        using var scope = torch.NewDisposeScope();
        var y = Layer().Forward(Float64.Normal(1, Rows, Features).Times(4).Plus(7));
        TensorAssert.Close(torch.zeros(Features, torch.ScalarType.Float64), y.mean([0]), 1e-12, "mean");
        TensorAssert.Close(torch.ones(Features, torch.ScalarType.Float64), y.var(0, unbiased: false), 1e-5, "variance");
    }

    [Fact]
    public void In_evaluation_an_image_does_not_depend_on_the_others_and_nothing_is_taken_in()
    {
        using var scope = torch.NewDisposeScope();
        var layer = Layer();
        layer.Forward(Float64.Normal(1, Rows, Features).Times(4).Plus(7));
        layer.eval();
        var x = Float64.Normal(2, Rows, Features);
        TensorAssert.Close(layer.Forward(x)[0], layer.Forward(x.narrow(0, 0, 1))[0], 1e-14, "one image");
    }

    [Fact]
    public void After_many_equal_batches_evaluation_is_training()
    {
        using var scope = torch.NewDisposeScope();
        var layer = Layer();
        var x = Float64.Normal(1, Rows, Features).Times(4).Plus(7);
        var trained = x;
        for (int step = 0; step < 300; step++)
        {
            trained = layer.Forward(x);
        }

        layer.eval();

        // The running variance is the unbiased one.
        TensorAssert.Close(trained.Times(Math.Sqrt((Rows - 1.0) / Rows)), layer.Forward(x), 1e-5, "values");
    }

    [Fact]
    public void A_batch_that_is_not_finite_leaves_the_running_averages_as_they_were()
    {
        using var scope = torch.NewDisposeScope();
        var layer = Layer();
        layer.Forward(Float64.Normal(1, Rows, Features));
        torch.Tensor[] before = [layer.RunningMean.clone(), layer.RunningVariance.clone()];
        layer.Forward(TensorArithmetic.Full([Rows, Features], double.NaN, torch.ScalarType.Float64));
        layer.Forward(TensorArithmetic.Full([Rows, Features], double.PositiveInfinity, torch.ScalarType.Float64));
        TensorAssert.Close(before[0], layer.RunningMean, 0, "mean");
        TensorAssert.Close(before[1], layer.RunningVariance, 0, "variance");
    }

    [Fact]
    public void Gradients_are_those_of_the_function()
    {
        using var scope = torch.NewDisposeScope();
        var layer = Layer();
        Parameters.Randomize(layer, 4);
        var x = Float64.Leaf(Float64.Normal(1, 6, Features));
        var weights = Float64.Normal(5, 6, Features);
        torch.Tensor[] leaves = [x, .. layer.parameters()];
        torch.Tensor Scalar() => (layer.Forward(x) * weights).sum();
        Derivatives.CheckedGradients(Scalar, leaves, 1e-6);
    }

    private static BatchNormalization Layer() => new(Features, new ParameterInitializer(1, torch.ScalarType.Float64));
}
