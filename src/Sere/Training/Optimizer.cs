using Sere.Networks;
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
