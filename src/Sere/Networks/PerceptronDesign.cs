namespace Sere.Networks;

/// <summary>Multilayer perceptrons, which see features as plain vectors.</summary>
public sealed class PerceptronDesign : NetworkDesign
{
    private readonly int[] _hidden;
    private readonly Activation _activation;

    /// <summary>Perceptrons with these hidden widths; none gives affine maps.</summary>
    public PerceptronDesign(IReadOnlyList<int> hidden, Activation activation = Activation.Elu)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        _hidden = [.. hidden];
        _activation = activation;
    }

    /// <inheritdoc/>
    public override bool IsConvolutional => false;

    /// <summary>Hidden widths.</summary>
    public IReadOnlyList<int> Hidden => _hidden;

    /// <summary>Activation of the hidden layers.</summary>
    public Activation Activation => _activation;

    /// <inheritdoc/>
    public override ParameterNetwork Create(
        FeatureShape input, FeatureShape output, ParameterInitializer initializer, double outputGain = 1) =>
        new Mlp(input.Size, _hidden, output.Size, _activation, initializer, outputGain);

    /// <inheritdoc/>
    public override StackedNetwork CreateStack(
        int stack, FeatureShape input, FeatureShape output, ParameterInitializer initializer, double outputGain = 1) =>
        new StackedMlp(stack, input.Size, _hidden, output.Size, _activation, initializer, outputGain);

    /// <inheritdoc/>
    public override FeatureShape Features(FeatureShape input, FeatureShape output) =>
        FeatureShape.Vector(_hidden.Length > 0 ? _hidden[^1] : input.Size);

    /// <inheritdoc/>
    public override ParameterNetwork CreateStep(FeatureShape features, ParameterInitializer initializer) =>
        new Mlp(features.Size, [features.Size], features.Size, _activation, initializer);

    /// <inheritdoc/>
    public override ParameterNetwork CreateHead(
        FeatureShape features, FeatureShape output, ParameterInitializer initializer, double outputGain) =>
        new Mlp(features.Size, [], output.Size, _activation, initializer, outputGain);

    /// <inheritdoc/>
    public override RefinementNetwork CreateJointRefinement(
        int stack, FeatureShape known, FeatureShape code, FeatureShape output, ParameterInitializer initializer) =>
        new JointPerceptronRefinement(
            stack, known.Size, _hidden, output.Size, Features(code, output).Size, _activation, initializer);
}
