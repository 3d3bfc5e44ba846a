namespace Sere.Networks;

/// <summary>
/// A kind of network with its sizes left open: what fills any slot of a model (encoder, prior, bijector, data layer). A
/// further kind is a further design.
/// </summary>
public abstract class NetworkDesign
{
    /// <summary>Whether the networks see a grid: images and blocks then come with their places, not as plain vectors.</summary>
    public abstract bool IsConvolutional { get; }

    /// <summary>A network of this kind.</summary>
    /// <param name="input">What its input stands for.</param>
    /// <param name="output">What its output stands for.</param>
    /// <param name="initializer">Draws the initial weights.</param>
    /// <param name="outputGain">Factor on the initial weights of the last layer.</param>
    public abstract ParameterNetwork Create(
        FeatureShape input, FeatureShape output, ParameterInitializer initializer, double outputGain = 1);

    /// <summary>A stack of networks of this kind.</summary>
    /// <param name="stack">Number of them, S.</param>
    /// <param name="input">What the input of each stands for.</param>
    /// <param name="output">What the output of each stands for.</param>
    /// <param name="initializer">Draws the initial weights.</param>
    /// <param name="outputGain">Factor on the initial weights of the last layer.</param>
    public abstract StackedNetwork CreateStack(
        int stack, FeatureShape input, FeatureShape output, ParameterInitializer initializer, double outputGain = 1);

    /// <summary>The features of a network that <see cref="CreateStack"/> makes, which its output is an affine map of.</summary>
    public abstract FeatureShape Features(FeatureShape input, FeatureShape output);

    /// <summary>A network of one hidden step that keeps the shape of its features.</summary>
    public abstract ParameterNetwork CreateStep(FeatureShape features, ParameterInitializer initializer);

    /// <summary>An affine map from features to an output.</summary>
    public abstract ParameterNetwork CreateHead(
        FeatureShape features, FeatureShape output, ParameterInitializer initializer, double outputGain);

    /// <summary>A stack of refinements that see both the known input and the features of a code's networks.</summary>
    /// <param name="stack">Number of them, S.</param>
    /// <param name="known">What the known input stands for.</param>
    /// <param name="code">What the input of the code's networks stands for; they are of this design too.</param>
    /// <param name="output">What the parameters stand for.</param>
    /// <param name="initializer">Draws the initial weights.</param>
    public abstract RefinementNetwork CreateJointRefinement(
        int stack, FeatureShape known, FeatureShape code, FeatureShape output, ParameterInitializer initializer);
}

/// <summary>What keeps the features of a residual network at one scale.</summary>
public enum Normalization
{
    /// <summary>Weight normalization with a data-dependent start (Salimans and Kingma 2016).</summary>
    Weight,

    /// <summary>Batch normalization (Ioffe and Szegedy 2015).</summary>
    Batch,

    /// <summary>Nothing: plain weights with variance 1/fan-in.</summary>
    None,
}
