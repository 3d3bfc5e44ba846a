using Sere.Numerics;
using TorchSharp;

namespace Sere.Training;

/// <summary>Adamax (Kingma and Ba 2015, algorithm 2): Adam with the infinity norm.</summary>
public sealed class Adamax : Optimizer
{
    /// <summary>Adamax with zero state.</summary>
    public Adamax(torch.Tensor values, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8)
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
        gradients = gradientScale == 1 ? gradients : gradients.Times(gradientScale);
        FirstMoment.TimesInPlace(Beta1).PlusInPlace(gradients, 1 - Beta1);

        // Epsilon inside the maximum keeps the denominator positive where a gradient has always been zero.
        SecondMoment.TimesInPlace(Beta2);
        SecondMoment.copy_(torch.maximum(SecondMoment, gradients.abs().PlusInPlace(Epsilon)));
        double rate = learningRate / (1 - Math.Pow(Beta1, Steps));
        values.PlusQuotientInPlace(FirstMoment, SecondMoment, -rate);
    }
}
