using System.Text.Json.Serialization;
using Sere.Kernels;
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

    /// <summary>Applies one update in place on a CUDA device, with what the device knows of it.</summary>
    internal void StepOnDevice(torch.Tensor values, torch.Tensor gradients, StepConstants constants)
    {
        WeightsClock.Advance();
        UpdateOnDevice(values, gradients, constants.Numbers);
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

    /// <summary>The update of the subclass by a kernel, with the constants of AdamStep.cu.</summary>
    private protected abstract void UpdateOnDevice(torch.Tensor values, torch.Tensor gradients, torch.Tensor constants);

    /// <summary>Whether <see cref="StepConstants"/> holds the correction of the second moment.</summary>
    internal abstract bool CorrectsSecondMoment { get; }

    /// <summary>The constants of the updates on a device, from where the optimizer stands.</summary>
    internal StepConstants ConstantsOnDevice(double? averageDecay) =>
        new(Beta1, Beta2, averageDecay ?? 0, CorrectsSecondMoment, Steps, FirstMoment.device);

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
public sealed class Adam(torch.Tensor values, double beta1, double beta2, double epsilon)
    : Optimizer(values, beta1, beta2, epsilon)
{
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

    internal override bool CorrectsSecondMoment => true;

    private protected override void UpdateOnDevice(torch.Tensor values, torch.Tensor gradients, torch.Tensor constants) =>
        CudaDriver.Instance!.Launch(
            "adam_step", (Math.Min((values.numel() + 255) / 256, 1056), 1, 1), (256, 1), 0,
            values, gradients, FirstMoment, SecondMoment, constants, values.numel(),
            (float)Beta1, (float)(1 - Beta1), (float)Beta2, (float)(1 - Beta2), (float)Epsilon);
}

/// <summary>Adamax (Kingma and Ba 2015, algorithm 2): Adam with the infinity norm.</summary>
public sealed class Adamax(torch.Tensor values, double beta1, double beta2, double epsilon)
    : Optimizer(values, beta1, beta2, epsilon)
{
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

    internal override bool CorrectsSecondMoment => false;

    private protected override void UpdateOnDevice(torch.Tensor values, torch.Tensor gradients, torch.Tensor constants) =>
        CudaDriver.Instance!.Launch(
            "adamax_step", (Math.Min((values.numel() + 255) / 256, 1056), 1, 1), (256, 1), 0,
            values, gradients, FirstMoment, SecondMoment, constants, values.numel(),
            (float)Beta1, (float)(1 - Beta1), (float)Beta2, (float)Epsilon);
}

/// <summary>
/// What changes from update to update, on a CUDA device: a step there reads nothing back and is told nothing that differs. A
/// step whose report is not finite, or whose gradient is too long, changes nothing and is not counted.
/// </summary>
internal sealed class StepConstants(
    double beta1, double beta2, double averageDecay, bool correctsSecondMoment, long steps, torch.Device device) : IDisposable
{
    /// <summary>
    /// Numbers of which a step is told: the learning rate, the norm to which a gradient is shortened, the KL weight, and the norm
    /// beyond which it is skipped.
    /// </summary>
    public const int ToldNumbers = 4;

    /// <summary>Where the KL weight stands among them.</summary>
    public const int Beta = 2;

    /// <summary>As step_constants of AdamStep.cu writes them.</summary>
    public torch.Tensor Numbers { get; } = torch.zeros(5, device: device).DetachFromDisposeScope();

    /// <summary>Updates that were applied, float64 [1].</summary>
    public torch.Tensor Steps { get; } =
        TensorArithmetic.Full([1], steps, torch.ScalarType.Float64, device).DetachFromDisposeScope();

    /// <summary>The updates that were applied, once all that were begun are done.</summary>
    public long Taken()
    {
        using var count = Steps.cpu();
        return (long)count.data<double>()[0];
    }

    /// <summary>Goes on after so many updates.</summary>
    public void Restart(long steps)
    {
        using var noGrad = torch.no_grad();
        using var count = TensorArithmetic.Full([1], steps, torch.ScalarType.Float64);
        Steps.copy_(count);
    }

    /// <summary>Works them out for the update that follows.</summary>
    /// <param name="report">What the step reports, the norm of its gradient first; float64.</param>
    /// <param name="told">What it is told, float64 [4].</param>
    public void Advance(torch.Tensor report, torch.Tensor told) => CudaDriver.Instance!.Launch(
        "step_constants", (1, 1, 1), (1, 1), 0,
        report, (int)report.numel(), told, Steps, Numbers, beta1, beta2, averageDecay, correctsSecondMoment ? 1 : 0);

    /// <inheritdoc/>
    public void Dispose()
    {
        Numbers.Dispose();
        Steps.Dispose();
    }
}

/// <summary>The optimizer and its settings.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = KindMember)]
[JsonDerivedType(typeof(AdamChoice), "adam")]
[JsonDerivedType(typeof(AdamaxChoice), "adamax")]
public abstract record OptimizerChoice : Choice
{
    // Beyond 1e30 and below 1e-30 a float32 holds infinity or zero.

    /// <summary>Peak learning rate.</summary>
    [In("(0, 1e30]")] public double LearningRate { get; init; } = 2e-3;

    /// <summary>Decay of the mean gradient, per step.</summary>
    [In("[0, 1)")] public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the second measure of the gradient, per step.</summary>
    [In("[0, 1)")] public double Beta2 { get; init; } = 0.999;

    /// <summary>Keeps the denominator positive: added to it by Adam, to the gradient's size by Adamax.</summary>
    [In("[1e-30, inf)")] public double Epsilon { get; init; } = 1e-8;

    /// <summary>An optimizer with zero state for parameters laid out as <paramref name="values"/>.</summary>
    internal abstract Optimizer Build(torch.Tensor values);
}

/// <summary>Adam: the second measure is the mean of the squared gradient. JSON kind "adam".</summary>
public sealed record AdamChoice : OptimizerChoice
{
    internal override Optimizer Build(torch.Tensor values) => new Adam(values, Beta1, Beta2, Epsilon);
}

/// <summary>Adamax: the second measure is a decaying maximum of the gradient's size. JSON kind "adamax".</summary>
public sealed record AdamaxChoice : OptimizerChoice
{
    internal override Optimizer Build(torch.Tensor values) => new Adamax(values, Beta1, Beta2, Epsilon);
}
