using Sere.Kernels;
using Sere.Models.Configuration;
using Sere.Networks;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Training;

/// <summary>An optimizer over flat buffers. Its whole state is tensors laid out as the parameters, and the step count.</summary>
public abstract class Optimizer : IDisposable
{
    /// <summary>An optimizer with zero state for buffers like <paramref name="values"/>.</summary>
    protected Optimizer(torch.Tensor values, double beta1, double beta2, double epsilon)
    {
        FirstMoment = torch.zeros_like(values).DetachFromDisposeScope();
        SecondMoment = torch.zeros_like(values).DetachFromDisposeScope();
        Beta1 = beta1;
        Beta2 = beta2;
        Epsilon = epsilon;
    }

    /// <summary>Running mean of the gradients.</summary>
    public torch.Tensor FirstMoment { get; }

    /// <summary>Running measure of the gradients' size.</summary>
    public torch.Tensor SecondMoment { get; }

    /// <summary>Updates that were applied.</summary>
    public long Steps { get; set; }

    /// <summary>Decay of the first moment.</summary>
    protected double Beta1 { get; }

    /// <summary>Decay of the second moment.</summary>
    protected double Beta2 { get; }

    /// <summary>Keeps the denominator positive.</summary>
    protected double Epsilon { get; }

    /// <summary>Applies one update in place.</summary>
    /// <param name="values">Parameters.</param>
    /// <param name="gradients">Gradients of the loss.</param>
    /// <param name="learningRate">The rate of this step.</param>
    /// <param name="gradientScale">Factor on the gradients, as clipping asks for.</param>
    /// <exception cref="ArgumentException">Values or gradients are not as many as the optimizer was made for.</exception>
    public void Step(torch.Tensor values, torch.Tensor gradients, double learningRate, double gradientScale = 1)
    {
        ArgumentNullException.ThrowIfNull(values);
        ArgumentNullException.ThrowIfNull(gradients);
        if (values.numel() != FirstMoment.numel() || gradients.numel() != FirstMoment.numel())
        {
            throw new ArgumentException(
                $"The optimizer is of {FirstMoment.numel()} parameters; it was given {values.numel()} values and "
                + $"{gradients.numel()} gradients.");
        }

        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        Steps++;
        WeightsClock.Advance();
        Update(values, gradients, learningRate, gradientScale);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>The update of the subclass.</summary>
    protected abstract void Update(
        torch.Tensor values,
        torch.Tensor gradients,
        double learningRate,
        double gradientScale);

    /// <summary>Frees the state.</summary>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            FirstMoment.Dispose();
            SecondMoment.Dispose();
        }
    }
}

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
        AdamStep.Apply(
            values,
            gradients,
            FirstMoment,
            SecondMoment,
            new AdamConstants(Beta1, Beta2, Epsilon, learningRate, gradientScale, Steps));
    }
}

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

/// <summary>Builds optimizers from their configuration.</summary>
internal static class OptimizerFactory
{
    /// <summary>An optimizer with zero state for parameters laid out as <paramref name="values"/>.</summary>
    public static Optimizer Create(OptimizerConfiguration configuration, torch.Tensor values) => configuration switch
    {
        AdamConfiguration => new Adam(values, configuration.Beta1, configuration.Beta2, configuration.Epsilon),
        AdamaxConfiguration => new Adamax(values, configuration.Beta1, configuration.Beta2, configuration.Epsilon),
        _ => throw new UsageException($"Optimizers of the kind {configuration?.GetType().Name} cannot be built."),
    };
}
