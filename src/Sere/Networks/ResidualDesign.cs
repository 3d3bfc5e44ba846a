namespace Sere.Networks;

/// <summary>Residual convolutional networks; without a grid, residual perceptrons.</summary>
public sealed class ResidualDesign : NetworkDesign
{
    private readonly ResidualSettings _settings;

    /// <summary>Networks with these settings.</summary>
    public ResidualDesign(ResidualSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        _settings = settings;
    }

    /// <inheritdoc/>
    public override bool IsConvolutional => true;

    /// <inheritdoc/>
    public override ParameterNetwork Create(
        FeatureShape input, FeatureShape output, ParameterInitializer initializer, double outputGain = 1) =>
        new SingleNetwork(CreateStack(1, input, output, initializer, outputGain));

    /// <inheritdoc/>
    public override StackedNetwork CreateStack(
        int stack, FeatureShape input, FeatureShape output, ParameterInitializer initializer, double outputGain = 1) =>
        new StackedResidualNetwork(stack, input, output, _settings, initializer, outputGain);

    /// <inheritdoc/>
    public override FeatureShape Features(FeatureShape input, FeatureShape output) =>
        ResidualTrunk.Features(input, output, _settings);

    /// <inheritdoc/>
    public override ParameterNetwork CreateStep(FeatureShape features, ParameterInitializer initializer) =>
        new SingleNetwork(new StackedResidualNetwork(
            1, features, features, _settings with { Widths = [features.Channels], Stride = 1, Blocks = 0 }, initializer));

    /// <inheritdoc/>
    public override ParameterNetwork CreateHead(
        FeatureShape features, FeatureShape output, ParameterInitializer initializer, double outputGain) =>
        new SingleNetwork(new StackedResidualNetwork(
            1, features, output, _settings with { Widths = [] }, initializer, outputGain));

    /// <inheritdoc/>
    public override RefinementNetwork CreateJointRefinement(
        int stack, FeatureShape known, FeatureShape code, FeatureShape output, ParameterInitializer initializer) =>
        new JointConvolutionalRefinement(stack, known, code, output, _settings, initializer);
}
