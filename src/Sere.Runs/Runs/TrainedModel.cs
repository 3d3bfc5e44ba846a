using Sere.Data;
using Sere.Distributed;
using Sere.Evaluation;
using Sere.Models;
using Sere.Networks;
using Sere.Numerics;
using Sere.Runs.Configuration;
using Sere.Runs.Pictures;
using Sere.Storage;
using TorchSharp;

namespace Sere.Runs;

/// <summary>
/// A model of a run, ready for use: score images, draw images, reconstruct images. It may be used from several threads, whose
/// calls wait for each other.
/// </summary>
public sealed class TrainedModel : IDisposable
{
    /// <summary>The share of normal images that may be flagged, where nobody says another.</summary>
    public const double UsualFalsePositiveRate = 0.01;

    /// <summary>Seed of the examination of every image.</summary>
    internal const long VerdictSeed = 1;

    private const int ImagesAtOnce = 500;
    private readonly Action<string> _warn;
    private readonly RunFolder? _folder;
    private readonly Lock _gate = new();
    private NormalImages? _normal;
    private string? _configurationDigest;
    private IImageFeatures? _features;
    private bool _isDisposed;

    internal TrainedModel(
        DensityModel model,
        ExperimentConfiguration configuration,
        ImageShape shape,
        Action<string>? warn = null,
        RunFolder? folder = null)
    {
        _warn = warn ?? (_ => { });
        _folder = folder;
        Model = model;
        Configuration = configuration;
        Shape = shape;
    }

    /// <summary>The model itself, on tensors.</summary>
    public DensityModel Model { get; }

    /// <summary>The configuration it was trained with.</summary>
    public ExperimentConfiguration Configuration { get; }

    /// <summary>The shape of the images it takes and draws.</summary>
    public ImageShape Shape { get; }

    /// <summary>Where the model computes.</summary>
    public torch.Device Device => Model.Device;

    /// <summary>How grey values become data, for training and scoring alike.</summary>
    public BinarizationRule Binarization => Configuration.Dataset.Preparation;

    /// <summary>Loads the model of a run.</summary>
    /// <param name="runFolder">The folder that sere train made.</param>
    /// <param name="checkpoint">Which weights.</param>
    /// <param name="device">Where to compute; null for the CPU.</param>
    /// <param name="warn">Told of damaged checkpoints that were passed over, and of images with values that are no numbers.</param>
    /// <exception cref="SereException">The run is missing or damaged, or its weights are not finite.</exception>
    public static TrainedModel Load(
        string runFolder,
        CheckpointChoice checkpoint = CheckpointChoice.Best,
        torch.Device? device = null,
        Action<string>? warn = null)
    {
        NativeLibraries.EnsureLoaded();
        var folder = RunFolder.Existing(runFolder);
        var configuration = folder.ReadConfiguration();
        var shape = configuration.Dataset.Shape
            ?? throw new SereException($"'{folder.Configuration}' does not say dataset.shape; it is not a run's configuration.");
        if (device?.type == DeviceType.CUDA)
        {
            CudaPrecisionScope.UseFloat32();
        }

        var model = configuration.Model.BuildToLoad(shape, configuration.Seed, device);
        try
        {
            new CheckpointStore(folder.Checkpoints).LoadWeights(model, checkpoint, warn ?? (_ => { }));
        }
        catch
        {
            model.Dispose();
            throw;
        }

        model.eval();
        model.KeepWeights();
        return new TrainedModel(model, configuration, shape, warn, folder);
    }

    /// <summary>Reads images of one's own for this model; see <see cref="ImageSource"/>.</summary>
    /// <param name="path">The folder or file.</param>
    /// <param name="resize">Whether images of another size are resized.</param>
    /// <param name="gray">Whether colours become grey values.</param>
    /// <param name="warn">Told what was passed over or looks wrong; null for nobody.</param>
    /// <exception cref="SereException">
    /// There is nothing there, it is damaged, or the images have another shape than the model takes.
    /// </exception>
    public ImageSet Read(string path, bool resize = false, bool gray = false, Action<string>? warn = null)
    {
        var dataset = Configuration.Dataset;
        gray |= dataset.Gray;
        if (dataset.Features is not { } kind)
        {
            return ImageSource.Read(
                path, Shape, resize || dataset.Resize is not null, gray, dataset.Scale ?? (dataset.IsReal ? ValueScale.Real : null), warn);
        }

        using var features = ImageFeatureExtraction.Open(kind);
        return features.Extract(ImageSource.ReadAnySize(path, gray, dataset.Scale, warn));
    }

    /// <summary>Reads one picture that is in memory, or comes from elsewhere than a file.</summary>
    /// <param name="encoded">PNG, JPEG, WebP or BMP, to its end.</param>
    /// <param name="resize">Whether an image of another size is resized.</param>
    /// <param name="gray">Whether colours become grey values.</param>
    /// <exception cref="SereException">It is damaged, or has another shape than the model takes.</exception>
    public ImageSet Read(Stream encoded, bool resize = false, bool gray = false)
    {
        ArgumentNullException.ThrowIfNull(encoded);
        using var content = new MemoryStream();
        encoded.CopyTo(content);
        return Read(content.ToArray(), resize, gray);
    }

    /// <summary>Reads one picture as a file holds it: see <see cref="Read(Stream, bool, bool)"/>.</summary>
    /// <param name="encoded">PNG, JPEG, WebP or BMP.</param>
    /// <param name="resize">Whether an image of another size is resized.</param>
    /// <param name="gray">Whether colours become grey values.</param>
    /// <exception cref="SereException">It is damaged, or has another shape than the model takes.</exception>
    public ImageSet Read(byte[] encoded, bool resize = false, bool gray = false) => ImageSource.Decode(
        encoded,
        Shape,
        resize || Configuration.Dataset.Resize is not null,
        gray || Configuration.Dataset.Gray,
        Configuration.Dataset.Scale);

    /// <summary>Takes one image of pixels whose channels lie side by side; see <see cref="ImageSet.FromPixels"/>.</summary>
    /// <param name="pixels">Rows from the top; of each pixel the channels that the layout names.</param>
    /// <param name="width">Pixels of a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="layout">The channels of a pixel, in their order.</param>
    /// <param name="resize">Whether an image of another size is resized.</param>
    /// <param name="gray">Whether colours become grey values.</param>
    /// <exception cref="SereException">It has another shape than the model takes.</exception>
    public ImageSet Read(
        ReadOnlySpan<byte> pixels, int width, int height, PixelLayout layout, bool resize = false, bool gray = false) =>
        ImageSource.Fit(
            ImageSet.FromPixels(pixels, width, height, layout),
            Shape,
            resize || Configuration.Dataset.Resize is not null,
            gray || Configuration.Dataset.Gray);

    /// <summary>
    /// log p(x) of each image in nats: a lower bound for a model with latents (<see cref="DensityModel.IsBound"/>). Grey
    /// values are binarized by the rule that the model was trained with.
    /// </summary>
    /// <param name="images">Images of the model's shape.</param>
    /// <param name="importanceSamples">Samples an image, K; more are tighter and slower.</param>
    /// <param name="seed">Seed of binarization and samples.</param>
    /// <exception cref="SereException">The images have another shape.</exception>
    public double[] LogLikelihood(ImageSet images, int importanceSamples = 100, long seed = 1) =>
        Score(images, new EvaluationOptions { ImportanceSamples = importanceSamples, Seed = seed }).LogLikelihood;

    /// <summary>As <see cref="LogLikelihood"/>, with what importance sampling says about its own accuracy.</summary>
    /// <param name="images">Images of the model's shape.</param>
    /// <param name="options">Samples and seed.</param>
    /// <param name="onImages">Called with the number of images done.</param>
    /// <param name="cancellation">Asks to stop.</param>
    /// <exception cref="SereException">The images have another shape.</exception>
    public ImageLikelihoods Score(
        ImageSet images,
        EvaluationOptions options,
        Action<int>? onImages = null,
        CancellationToken cancellation = default)
    {
        using var use = Use();
        RequireFit(images);
        var each = new List<ImageLikelihoods>(images.Count);
        for (int image = 0; image < images.Count; image++)
        {
            each.Add(ImportanceSampledLikelihood.Evaluate(
                Model, images.Slice(image, 1), Binarization, options, cancellation: cancellation));
            onImages?.Invoke(image + 1);
        }

        return ImageLikelihoods.Join(each);
    }

    /// <summary>As <see cref="Score"/> of images that are evaluated together: each has noise of its own, by its place.</summary>
    internal ImageLikelihoods Evaluate(
        ImageSet images,
        EvaluationOptions options,
        Action<int>? onImages,
        ProcessGroup? group,
        CancellationToken cancellation)
    {
        RequireFit(images);
        return ImportanceSampledLikelihood.Evaluate(
            Model, images, Binarization, options, onImages, group, cancellation);
    }

    /// <summary>
    /// Whether each image is like the training images, and where it is not. Computed with what the run holds: no training
    /// data is needed, and no image changes what is said of another.
    /// </summary>
    /// <param name="images">Images of the model's shape.</param>
    /// <param name="falsePositiveRate">The share of normal images that may be flagged: greater than 0 and less than 1.</param>
    /// <param name="progress">Told the number of images done.</param>
    /// <param name="cancellation">Asks to stop.</param>
    /// <exception cref="SereException">The images have another shape, or the run keeps no figures of normal images.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public IReadOnlyList<ImageVerdict> Verdict(
        ImageSet images,
        double falsePositiveRate = UsualFalsePositiveRate,
        IProgress<int>? progress = null,
        CancellationToken cancellation = default)
    {
        using var use = Use();
        RequireFit(images);
        var normal = Normal;
        double threshold = normal.ThresholdValue(falsePositiveRate);
        var verdicts = new List<ImageVerdict>(images.Count);
        foreach (var (image, features) in normal.FiguresOfFeatures(this, images).Index())
        {
            cancellation.ThrowIfCancellationRequested();
            var (figures, novelty, map) = normal.Examine(this, images, image, features);
            verdicts.Add(new ImageVerdict(
                images.Names?[image] ?? $"{image}",
                novelty,
                normal.Percentile(novelty),
                !(novelty <= threshold),
                new SurpriseMap(Shape.Height, Shape.Width, map),
                figures));
            progress?.Report(image + 1);
        }

        return verdicts;
    }

    /// <summary>The novelty above which an image is flagged, and how sure that threshold is.</summary>
    /// <param name="falsePositiveRate">The share of normal images that may be flagged: greater than 0 and less than 1.</param>
    /// <exception cref="SereException">The run keeps no figures of normal images.</exception>
    public FalsePositiveThreshold Threshold(double falsePositiveRate = UsualFalsePositiveRate)
    {
        using var use = Use();
        return Normal.Threshold(falsePositiveRate);
    }

    /// <summary>Whether the run knows normal images, so that there can be a verdict.</summary>
    internal bool HasNormal => (_normal ??= _folder is null ? null : FindNormal(_folder)) is not null;

    /// <summary>Whether a verdict may be of features too: the images are photographs, and what computes them is there.</summary>
    internal bool TakesFeatures => Configuration.Evaluation.Features == VerdictFeatures.Auto
        && Configuration.Dataset.Features is null && Binarization == BinarizationRule.None && !Configuration.Dataset.IsReal
        && Shape.Channels is 1 or 3 && string.Equals(Model.Space, "discrete", StringComparison.Ordinal)
        && ImageFeatureExtraction.IsThere(ImageFeatures.Resnet18) && OpensFeatures();

    /// <summary>What computes the features of a verdict.</summary>
    internal IImageFeatures Features => _features ??= ImageFeatureExtraction.Open(ImageFeatures.Resnet18);

    private bool OpensFeatures()
    {
        try
        {
            return Features is not null;
        }
        catch (SereException error)
        {
            _warn($"{error.Message} Verdicts are by pixels alone.");
            return false;
        }
    }

    private NormalImages? FindNormal(RunFolder folder)
    {
        var normal = NormalImages.Find(folder, this);
        if (normal?.Features is null || TakesFeatures)
        {
            return normal;
        }

        _warn(
            "The run's verdict asks a network too, of the package Sere.Features, which this program does not have or cannot run; it is "
            + "by pixels alone.");
        return normal.WithoutFeatures();
    }

    /// <summary>What the run knows of normal images.</summary>
    internal NormalImages Normal
    {
        get => HasNormal ? _normal! : throw new SereException(
            "The run keeps no figures of normal images by these weights, so that there is no verdict; train it again, or "
            + "measure them with sere score and --dataset.");
        set => _normal = value;
    }

    /// <summary>
    /// Draws images. Grey values are the means of the data distribution of each block, given the blocks drawn before it.
    /// </summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">Image i is a function of the seed and i alone.</param>
    /// <param name="temperature">Factor on the standard deviation of the latents; 1 samples the model itself.</param>
    public ImageBatch Sample(int count, long seed = 1, double temperature = 1)
    {
        using var use = Use();
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var streams = new RandomStreams(seed);
        return InBatches(count, (first, batch) => Model.Sample(
            SampleNoise(streams, first, batch), DataNoise(streams, first, batch), temperature).Means);
    }

    /// <summary>Draws an image from each row of noise [count, NoiseSize], all with the same noise of the data.</summary>
    internal ImageBatch Draw(torch.Tensor noise, RandomStreams streams) => InBatches(
        (int)noise.shape[0],
        (first, batch) => Model.Sample(
            noise.narrow(0, first, batch), DataNoise(streams, 0, 1).expand(batch, Model.Dimensions)).Means);

    /// <summary>The noise that <see cref="Sample"/> draws images from, [batch, NoiseSize].</summary>
    internal torch.Tensor SampleNoise(RandomStreams streams, int first, int batch) => NoisePerImage(
        streams, StreamPurpose.SampleLatents, first, batch, generator => torch.randn(Model.NoiseSize, generator: generator));

    /// <summary>What the model is given for images: binarized as in training, [Count, D].</summary>
    internal torch.Tensor Prepare(ImageSet images, RandomStreams streams, int first = 0) =>
        Sere.Data.Binarization.EvaluationImages(images.ToTensor().to(Device), first, Binarization, streams);

    /// <summary>What the model is given for images, each as if it were alone: [Count, D].</summary>
    internal torch.Tensor PrepareAll(ImageSet images) => torch.cat(
        [.. Enumerable.Range(0, images.Count).Select(image => PrepareAgain(images.Slice(image, 1), 1))]);

    /// <summary>What the model is given for one image, prepared anew several times: [times, D], a function of the image alone.</summary>
    internal torch.Tensor PrepareAgain(ImageSet image, int times)
    {
        var grey = image.ToTensor().to(Device);
        return Sere.Data.Binarization.EvaluationImages(
            grey.expand(times, grey.shape[1]).contiguous(), 0, Binarization, new RandomStreams(VerdictSeed));
    }

    /// <summary>Images as they are drawn: data [count, D] brought to 0..1.</summary>
    internal ImageBatch ToPictures(torch.Tensor data) =>
        InBatches((int)data.shape[0], (first, batch) => data.narrow(0, first, batch));

    /// <summary>The codes of images, on the path of posterior means.</summary>
    /// <param name="images">Images of the model's shape.</param>
    /// <param name="seed">Seed of the binarization.</param>
    /// <exception cref="SereException">The images have another shape, or the model has no layers of latents.</exception>
    public ImageCodes Encode(ImageSet images, long seed = 1) => CodesOf(images, seed, CancellationToken.None);

    /// <summary>As <see cref="Encode"/>, of many images.</summary>
    internal ImageCodes CodesOf(ImageSet images, long seed, CancellationToken cancellation)
    {
        using var use = Use();
        RequireFit(images);
        var streams = new RandomStreams(seed);
        int[] latents = [.. Model.CodeSizes];
        float[] values = ReadBatches(images.Count, latents.Sum(), (first, batch) =>
        {
            cancellation.ThrowIfCancellationRequested();
            return Model.LatentCodes(Prepare(images.Slice(first, batch), streams, first));
        });
        return new ImageCodes(values, images.Count, latents);
    }

    /// <summary>Encodes images to their posterior means and draws them again from there.</summary>
    /// <param name="images">Images of the model's shape.</param>
    /// <param name="teacherForced">
    /// Whether each block sees the true block before it, which leaks pixels, or the model's own output.
    /// </param>
    /// <param name="seed">Seed of the binarization and of the model's own blocks.</param>
    /// <returns>What went into the model, after binarization, and what came out.</returns>
    /// <exception cref="SereException">The images have another shape.</exception>
    public (ImageBatch Originals, ImageBatch Reconstructions) Reconstruct(
        ImageSet images,
        bool teacherForced = false,
        long seed = 1)
    {
        using var use = Use();
        RequireFit(images);
        var streams = new RandomStreams(seed);
        torch.Tensor Data(int first, int batch) => Prepare(images.Slice(first, batch), streams, first);
        var reconstructions = InBatches(images.Count, (first, batch) => Model.Reconstruct(
            Data(first, batch),
            torch.zeros([batch, Model.NoiseSize], device: Device),
            teacherForced ? null : DataNoise(streams, first, batch)).Means);
        return (InBatches(images.Count, Data), reconstructions);
    }

    /// <summary>
    /// All that decides a score but the weights; the images may move. Of the run's file, so that a program that knows more keys than
    /// the one that trained takes what that one measured.
    /// </summary>
    internal string ConfigurationDigest =>
        _configurationDigest ??= ConfigurationFile.Digest(_folder?.ReadConfigurationText() ?? ConfigurationFile.ToJson(Configuration));

    internal string WeightsDigest() =>
        ContentDigest.OfTensors(Model.named_parameters().Select(parameter => (parameter.name, (torch.Tensor)parameter.parameter))
            .Concat(RunningStatistics.Of(Model)));

    /// <summary>Frees the model; a call in another thread is waited for.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _features?.Dispose();
            Model.Dispose();
        }
    }

    /// <summary>Calls from several threads wait for each other.</summary>
    private Lock.Scope Use()
    {
        var scope = _gate.EnterScope();
        if (_isDisposed)
        {
            scope.Dispose();
            throw new ObjectDisposedException(nameof(TrainedModel));
        }

        return scope;
    }

    private torch.Tensor DataNoise(RandomStreams streams, int first, int batch) => NoisePerImage(
        streams, StreamPurpose.SampleData, first, batch, generator => torch.rand(Model.Dimensions, generator: generator));

    /// <summary>A row for each image, drawn from a stream of its own: [batch, ...].</summary>
    private torch.Tensor NoisePerImage(
        RandomStreams streams, StreamPurpose purpose, int first, int batch, Func<torch.Generator, torch.Tensor> draw)
    {
        var rows = Enumerable.Range(first, batch).Select(image =>
        {
            using var generator = streams.Open(purpose, index: image);
            return draw(generator);
        });
        return torch.stack([.. rows]).to(Device);
    }

    private ImageBatch InBatches(int count, Func<int, int, torch.Tensor> draw)
    {
        // Real data is shown between the smallest and the greatest training value.
        var range = Configuration.Dataset.Range is { } real && Binarization == BinarizationRule.None
            ? real
            : new ValueRange(0, 1);
        double width = range.High > range.Low ? range.High - range.Low : 1;
        float[] values = ReadBatches(count, Shape.Dimensions, (first, batch) =>
            draw(first, batch).Minus(range.Low).OverInPlace(width).Clamp(0, 1));
        return new ImageBatch(values, count, Shape.Channels, Shape.Height, Shape.Width);
    }

    private float[] ReadBatches(int count, int size, Func<int, int, torch.Tensor> compute)
    {
        using var noGrad = torch.no_grad();
        float[] values = new float[(long)count * size];
        for (int first = 0; first < count; first += ImagesAtOnce)
        {
            using var scope = torch.NewDisposeScope();
            int batch = Math.Min(ImagesAtOnce, count - first);
            compute(first, batch).contiguous().cpu().data<float>().CopyTo(values, checked(first * size));
        }

        int damaged = Enumerable.Range(0, count)
            .Count(image => Array.FindIndex(values, image * size, size, float.IsNaN) >= 0);
        if (damaged > 0)
        {
            _warn(
                $"The model gives values that are not numbers for {damaged} of {count} images, which pictures show as black; "
                + "use other weights with --checkpoint, or train again with a lower learning rate.");
        }

        return values;
    }

    /// <summary>Refuses images that are not such as the model was trained on.</summary>
    internal void RequireFit(ImageSet images) => Configuration.Dataset.RequireFit(images, Shape);
}
