using System.Text.Json.Serialization;

namespace Sere.Networks;

/// <summary>
/// A kind of network with its sizes left open: what fills any slot of a model (encoder, prior, bijector, data layer). A
/// further kind is a further design.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = KindMember)]
[JsonDerivedType(typeof(PerceptronDesign), "mlp")]
[JsonDerivedType(typeof(ResidualDesign), "resnet")]
public abstract record NetworkDesign : Choice
{
    /// <summary>Whether the networks see a grid: images and blocks then come with their places, not as plain vectors.</summary>
    internal abstract bool IsConvolutional { get; }

    /// <summary>What an image stands for to a network.</summary>
    /// <param name="image">The shape of the data.</param>
    /// <param name="path">Where the design stands in the configuration.</param>
    /// <exception cref="UsageException">The network is convolutional, and the data are no images.</exception>
    internal FeatureShape Input(FeatureShape image, string path) => IsConvolutional && image.IsVector
        ? throw new UsageException($"The data are no images, and {path} is convolutional; set its kind to mlp.")
        : image;

    /// <summary>Refuses a design where perceptrons alone can be masked or batch-normalized.</summary>
    internal void RequirePerceptrons(string path) => Require(
        this is PerceptronDesign, $"{path}.kind", Kind, "mlp: no other kind can be masked or batch-normalized here");

    /// <summary>A hash of a list, whose own does not look at what it holds.</summary>
    private protected static int Hash(IEnumerable<int> widths) =>
        widths.Aggregate(0, (hash, width) => HashCode.Combine(hash, width));

    /// <summary>A network of this kind.</summary>
    /// <param name="input">What its input stands for.</param>
    /// <param name="output">What its output stands for.</param>
    /// <param name="initializer">Draws the initial weights.</param>
    /// <param name="outputGain">Factor on the initial weights of the last layer.</param>
    internal abstract ParameterNetwork Create(
        FeatureShape input, FeatureShape output, ParameterInitializer initializer, double outputGain = 1);

    /// <summary>A stack of networks of this kind.</summary>
    /// <param name="stack">Number of them, S.</param>
    /// <param name="input">What the input of each stands for.</param>
    /// <param name="output">What the output of each stands for.</param>
    /// <param name="initializer">Draws the initial weights.</param>
    /// <param name="outputGain">Factor on the initial weights of the last layer.</param>
    internal abstract StackedNetwork CreateStack(
        int stack, FeatureShape input, FeatureShape output, ParameterInitializer initializer, double outputGain = 1);

    /// <summary>The features of a network that <see cref="CreateStack"/> makes, which its output is an affine map of.</summary>
    internal abstract FeatureShape Features(FeatureShape input, FeatureShape output);

    /// <summary>A network of one hidden step that keeps the shape of its features.</summary>
    internal abstract ParameterNetwork CreateStep(FeatureShape features, ParameterInitializer initializer);

    /// <summary>An affine map from features to an output.</summary>
    internal abstract ParameterNetwork CreateHead(
        FeatureShape features, FeatureShape output, ParameterInitializer initializer, double outputGain);

    /// <summary>A stack of refinements that see both the known input and the features of a code's networks.</summary>
    /// <param name="stack">Number of them, S.</param>
    /// <param name="known">What the known input stands for.</param>
    /// <param name="code">What the input of the code's networks stands for; they are of this design too.</param>
    /// <param name="output">What the parameters stand for.</param>
    /// <param name="initializer">Draws the initial weights.</param>
    internal abstract RefinementNetwork CreateJointRefinement(
        int stack, FeatureShape known, FeatureShape code, FeatureShape output, ParameterInitializer initializer);
}

/// <summary>Makes a network of a design: one of its own, or a member of a stack.</summary>
/// <param name="design">The kind of network.</param>
/// <param name="input">What its input stands for.</param>
/// <param name="output">What its output stands for.</param>
/// <param name="gain">Factor on the initial weights of the last layer.</param>
internal delegate ParameterNetwork NetworkSource(
    NetworkDesign design, FeatureShape input, FeatureShape output, double gain);

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
