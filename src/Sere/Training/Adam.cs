using Sere.Numerics;
using Sere.Numerics.Kernels;
using TorchSharp;

namespace Sere.Training;

/// <summary>Adam (Kingma and Ba 2015, algorithm 1).</summary>
public sealed class Adam : Optimizer
{
    /// <summary>Adam with zero state.</summary>
    public Adam(torch.Tensor values, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8)
        : base(values, beta1, beta2, epsilon)
    {
    }

    /// <inheritdoc/>
    protected override void Update(
        torch.Tensor values,
        torch.Tensor gradients,
        double learningRate,
        double gradientScale)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(gradients);
        double firstCorrection = 1 - Math.Pow(Beta1, Steps);
        double secondCorrection = 1 - Math.Pow(Beta2, Steps);
        if (FusedKernels.Take(values))
        {
            AdamKernel.Step(values, gradients, FirstMoment, SecondMoment, new AdamCoefficients(
                (float)Beta1,
                (float)(1 - Beta1),
                (float)Beta2,
                (float)(1 - Beta2),
                (float)gradientScale,
                (float)(1 / secondCorrection),
                (float)Epsilon,
                (float)(learningRate / firstCorrection)));
            return;
        }

        gradients = gradientScale == 1 ? gradients : gradients.Times(gradientScale);
        FirstMoment.TimesInPlace(Beta1).PlusInPlace(gradients, 1 - Beta1);
        SecondMoment.TimesInPlace(Beta2).PlusProductInPlace(gradients, gradients, 1 - Beta2);
        var denominator = SecondMoment.Over(secondCorrection).sqrt_().PlusInPlace(Epsilon);
        values.PlusQuotientInPlace(FirstMoment, denominator, -learningRate / firstCorrection);
    }
}
