using Sere.Bijectors;
using Sere.Distributions;
using Sere.Likelihoods;
using Sere.Networks;
using Sere.Numerics;
using Sere.Tests.Laws;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Likelihoods;

/// <summary>Where a flow takes data to, there and back.</summary>
/// <remarks>Seen to fail with: a normalization fitted to the data instead of their logits, and its log-determinant left out.</remarks>
public sealed class DataSpaceTests
{
    private const int Dimensions = 4;

    public static TheoryData<double?, DataNormalization> Spaces
    {
        get
        {
            var spaces = new TheoryData<double?, DataNormalization>();
            foreach (double? alpha in new double?[] { null, 0.05 })
            {
                foreach (var normalization in Enum.GetValues<DataNormalization>())
                {
                    spaces.Add(alpha, normalization);
                }
            }

            return spaces;
        }
    }

    [Theory]
    [MemberData(nameof(Spaces))]
    public void The_inverse_of_the_map_leads_back(double? alpha, DataNormalization normalization)
    {
        using var scope = torch.NewDisposeScope();
        var (space, x) = Fitted(alpha, normalization);
        TensorAssert.Close(x, space.Invert(space.Map(x)), 1e-10, "data");
        Assert.Equal(alpha is null ? "data" : "logit", space.Space);
    }

    [Theory]
    [MemberData(nameof(Spaces))]
    public void Its_log_determinants_are_those_of_the_derivatives(double? alpha, DataNormalization normalization)
    {
        using var scope = torch.NewDisposeScope();
        var (space, x) = Fitted(alpha, normalization);
        var row = x[0];
        var jacobian = Derivatives.Jacobian(space.Map, row);
        double expected = torch.linalg.slogdet(jacobian).Item2.item<double>();
        double constant = space.LogDeterminant()?.item<double>() ?? 0;
        Assert.Equal(expected, constant + space.SpaceLogDeterminant(row.unsqueeze(0)).item<double>(), 1e-8);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(0.05)]
    public void A_standard_normal_of_whitened_data_is_the_normal_distribution_of_their_covariance(double? alpha)
    {
        using var scope = torch.NewDisposeScope();
        var (space, x) = Fitted(alpha, DataNormalization.Whiten);
        var values = alpha is { } value ? new LogitBijector(value).Transform(x) : x;
        var (mean, covariance) = ShrunkCovariance.Fit(values)!.Value;
        TensorAssert.Close(
            ShrunkCovariance.LogDensity(values, mean, covariance),
            DiagonalNormal.Standard(Dimensions, x).LogProb(space.Map(x)).Plus(space.LogDeterminant()!),
            1e-9,
            "log-likelihood");
    }

    private static (DataSpace Space, torch.Tensor X) Fitted(double? alpha, DataNormalization normalization)
    {
        var space = new DataSpace(
            alpha, normalization, Dimensions, new ParameterInitializer(1, torch.ScalarType.Float64));
        var x = Float64.Normal(3, 50, Dimensions).mm(Float64.Normal(4, Dimensions, Dimensions)).sigmoid();
        space.Fit(x);
        return (space, x);
    }
}
