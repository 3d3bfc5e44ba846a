using Sere.Networks;
using Sere.Numerics;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Laws;

/// <summary>The attention of DRAW: where its filters lie, and that writing is the transpose of reading.</summary>
public sealed class AttentionLawTests
{
    private const int Batch = 3;
    private static readonly FeatureShape Image = new(2, 5, 7);

    /// <summary>Row 1 is above row 2, column 0 left of column 1: a transposed or mirrored grid would show.</summary>
    [Fact]
    public void Narrow_filters_read_the_places_they_lie_on()
    {
        using var scope = torch.NewDisposeScope();

        // Centre (column 3.25, row 1.75), stride 1.5, as the formulas of the paper count places from 1.
        double column = (2 * (3.25 + 1) / 8) - 1, row = (2 * (1.75 + 1) / 6) - 1;
        var filters = new GaussianAttention(2, Image).Bind(torch.tensor(
            [column, row, Math.Log(1e-4), Math.Log(1.5 / 3.5), Math.Log(3)], torch.ScalarType.Float64));
        var x = Float64.Normal(1, Image.Size);
        var grid = x.view(2, 5, 7);
        var read = filters.Read(x).view(2, 2, 2).Over(3);

        // The filters lie at rows 1 and 2.5, columns 2.5 and 4; half way, two places have equal parts.
        torch.Tensor At(int of, int across) => grid.select(1, of).select(1, across);
        TensorAssert.Close((At(1, 2).Plus(At(1, 3))).Over(2), read.select(1, 0).select(1, 0), 1e-9, "left of row 1");
        TensorAssert.Close(At(1, 4), read.select(1, 0).select(1, 1), 1e-9, "right of row 1");
        TensorAssert.Close((At(2, 4).Plus(At(3, 4))).Over(2), read.select(1, 1).select(1, 1), 1e-9, "right below");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Writing_is_the_transpose_of_reading_over_the_square_of_the_intensity(int size)
    {
        using var scope = torch.NewDisposeScope();
        var attention = new GaussianAttention(size, Image);
        var filters = attention.Bind(Float64.Normal(1, Batch, GaussianAttention.Parameters));
        var x = Float64.Normal(2, Batch, Image.Size);
        var patch = Float64.Normal(3, Batch, attention.PatchSize);
        TensorAssert.Close(
            (filters.Read(x) * patch).sum([-1]),
            (x * filters.Write(patch)).sum([-1]) * filters.Intensity.squeeze(-1).Square(),
            1e-12,
            "inner product");
    }

    [Fact]
    public void Samples_share_an_image_and_have_places_of_their_own()
    {
        using var scope = torch.NewDisposeScope();
        var attention = new GaussianAttention(2, Image);
        var parameters = Float64.Normal(1, 4, Batch, GaussianAttention.Parameters);
        var x = Float64.Normal(2, Batch, Image.Size);
        var patch = Float64.Normal(3, 4, Batch, attention.PatchSize);
        var all = attention.Bind(parameters);
        for (int sample = 0; sample < 4; sample++)
        {
            var one = attention.Bind(parameters[sample]);
            TensorAssert.Close(one.Read(x), all.Read(x)[sample], 1e-12, "read");
            TensorAssert.Close(one.Write(patch[sample]), all.Write(patch)[sample], 1e-12, "written");
        }
    }
}
