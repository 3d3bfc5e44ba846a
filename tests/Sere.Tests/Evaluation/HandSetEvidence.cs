using Sere.Kernels;
using Sere.Models;
using Sere.Networks;
using Sere.Tests.Laws;
using TorchSharp;

namespace Sere.Tests.Evaluation;

/// <summary>A tiny model in float32 whose evidence residuals (eq. 9) are set by hand: dm_l = slope_l x_1 and ds_l constant.</summary>
internal static class HandSetEvidence
{
    /// <summary>A log-odds of ds at which it is 1 in float32.</summary>
    public const double NoShrinkage = 50;

    /// <summary>A model with the same prior, bijectors and data layers each time.</summary>
    /// <param name="slopes">How dm_l moves with the first pixel.</param>
    /// <param name="logOdds">log(ds_l / (1 - ds_l)), from that of the initial 0.9 on.</param>
    public static DensityModel Model(double[] slopes, double[] logOdds)
    {
        var parts = TinyModels.SelfReflective(type: torch.ScalarType.Float32);
        var network = new StackedMlp(3, 4, [], 2, Activation.Elu, new ParameterInitializer(1));
        using var noGrad = torch.no_grad();
        foreach (var (name, parameter) in network.named_parameters())
        {
            bool isWeight = name.StartsWith("weight", StringComparison.Ordinal);
            parameter.zero_();
            for (int layer = 0; layer < slopes.Length; layer++)
            {
                parameter[layer, 0, isWeight ? 0 : 1] = (float)(isWeight ? slopes[layer] : logOdds[layer]);
            }
        }

        return new DensityModel(new IndependentEvidenceEncoder(network), parts.Hierarchy, parts.Likelihood);
    }
}
