using System.Text;
using Microsoft.ML.OnnxRuntime;
using Sere.Data;

namespace Sere.Features;

/// <summary>
/// A ResNet-18 (He et al. 2016) that was trained on the photographs of ImageNet, without its last layer. Each image is run
/// by itself on one thread, so that its features are the same bits whatever runs beside it. One instance may be used by
/// several threads.
/// </summary>
public sealed class ResNet18 : IDisposable
{
    private const string Weights = "ResNet18.onnx";
    private const string Input = "Input247";
    private const int Side = 224;

    // What the network was trained with: blue before green before red, from 0 to 255, less these means.
    private static readonly float[] Means = [103.06f, 115.90f, 123.15f];

    private readonly InferenceSession _session;
    private readonly int _threads;

    /// <summary>Loads the network, which takes a second and 130 MB.</summary>
    /// <param name="threads">How many images are run at once; null for as many as there are cores.</param>
    /// <exception cref="SereException">ONNX Runtime has no library for this platform.</exception>
    public ResNet18(int? threads = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads ?? 1, 1);
        _threads = threads ?? Environment.ProcessorCount;
        try
        {
            using var options = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
            _session = new InferenceSession(Model(), options);
        }
        catch (Exception error) when (error is DllNotFoundException or TypeInitializationException)
        {
            throw new SereException(
                "The features need ONNX Runtime, whose library cannot be loaded on this platform; leave the features out.",
                error);
        }
    }

    /// <summary>Runs the network on images of any size, which are stretched to 224 x 224.</summary>
    /// <param name="images">Images of bytes; a grey image is one of three equal planes.</param>
    /// <param name="layers">What is wanted of each image.</param>
    /// <param name="onImages">Called with the number of images done, by several threads.</param>
    /// <param name="cancellation">Asks to stop.</param>
    /// <returns>For each layer the real values of all images, with their labels and names.</returns>
    /// <exception cref="SereException">The images are real values, or have too many features to be held.</exception>
    /// <exception cref="OperationCanceledException">It was asked to stop.</exception>
    public IReadOnlyList<ImageSet> Extract(
        ImageSet images,
        IReadOnlyList<ResNet18Layer> layers,
        Action<int>? onImages = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(layers);
        if (images.IsReal)
        {
            throw new SereException("The images hold real values, and features are taken of bytes alone; store them as bytes.");
        }

        ImageShape[] shapes = [.. layers.Select(Shape)];
        string[] outputs = [.. layers.Select(OutputOf)];
        float[][] features = Array.ConvertAll(shapes, shape =>
        {
            ImageLimits.RequireTotal((long)images.Count * shape.Dimensions, "features");
            return new float[images.Count * shape.Dimensions];
        });
        int done = 0;
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = _threads, CancellationToken = cancellation };
        Parallel.For(0, images.Count, parallel, image =>
        {
            using var input = OrtValue.CreateTensorValueFromMemory(Prepare(images, image), [1, Means.Length, Side, Side]);
            using var run = new RunOptions();
            using var values = _session.Run(run, [Input], [input], outputs);
            for (int layer = 0; layer < layers.Count; layer++)
            {
                values[layer].GetTensorDataAsSpan<float>()
                    .CopyTo(features[layer].AsSpan(image * shapes[layer].Dimensions, shapes[layer].Dimensions));
            }

            onImages?.Invoke(Interlocked.Increment(ref done));
        });
        return [.. features.Zip(shapes, (values, shape) => new ImageSet(shape, values, images.Labels, images.Names))];
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    /// <summary>The shape of a layer: channels and places, or one row of channels where it is pooled.</summary>
    /// <param name="layer">The layer.</param>
    public static ImageShape Shape(ResNet18Layer layer) => layer switch
    {
        ResNet18Layer.Places28 => new ImageShape(128, 28, 28),
        ResNet18Layer.Places14 => new ImageShape(256, 14, 14),
        ResNet18Layer.Pooled => new ImageShape(1, 1, 512),
    };

    private static string OutputOf(ResNet18Layer layer) => layer switch
    {
        ResNet18Layer.Places28 => "ReLU315_Output_0",
        ResNet18Layer.Places14 => "ReLU347_Output_0",
        ResNet18Layer.Pooled => "Pooling395_Output_0",
    };

    /// <summary>
    /// The file of the network with all layers as outputs. A protobuf message may be continued behind its end: a field
    /// that comes again is merged with what was before, and a list goes on. So the outputs that the file lacks are
    /// appended: ModelProto.graph (7) with GraphProto.output (12), a ValueInfoProto whose name (1) is all that is needed.
    /// </summary>
    private static byte[] Model()
    {
        byte[] more = [.. Appended(ResNet18Layer.Places28), .. Appended(ResNet18Layer.Places14)];
        using Stream file = typeof(ResNet18).Assembly.GetManifestResourceStream(Weights)!;
        byte[] model = new byte[file.Length + more.Length];
        file.ReadExactly(model, 0, (int)file.Length);
        more.CopyTo(model, file.Length);
        return model;
    }

    private static byte[] Appended(ResNet18Layer layer) => Field(7, Field(12, Field(1, Encoding.ASCII.GetBytes(OutputOf(layer)))));

    // Number and kind in one byte, and a length below 128 in another.
    private static byte[] Field(int number, byte[] content) => [(byte)((number << 3) | 2), (byte)content.Length, .. content];

    private static float[] Prepare(ImageSet images, int image)
    {
        ImageSet one = ImageFitting.Fit(images.Slice(image, 1), gray: false, new ImageShape(1, Side, Side), "features");
        ReadOnlySpan<byte> planes = one.Pixels;
        int size = Side * Side;
        float[] input = new float[Means.Length * size];
        for (int i = 0; i < input.Length; i++)
        {
            (int colour, int place) = Math.DivRem(i, size);
            int plane = one.Shape.Channels == 1 ? 0 : Means.Length - 1 - colour;
            input[i] = planes[(plane * size) + place] - Means[colour];
        }

        return input;
    }
}

/// <summary>What of the network an image is described by.</summary>
public enum ResNet18Layer
{
    /// <summary>128 features at each of 28 x 28 places, after the second of four stages.</summary>
    Places28,

    /// <summary>256 features at each of 14 x 14 places, after the third stage.</summary>
    Places14,

    /// <summary>512 features of the whole image: the mean over the 7 x 7 places of the last stage.</summary>
    Pooled,
}
