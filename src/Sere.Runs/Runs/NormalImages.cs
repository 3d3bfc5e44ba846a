using System.Text.Json;
using Sere.Data;
using Sere.Evaluation;
using Sere.Storage;

namespace Sere.Runs;

/// <summary>
/// What a run knows of normal images that no weight was fitted to: their figures, and their surprise at each place. With it a
/// verdict on other images needs no training data.
/// </summary>
internal sealed record NormalImages
{
    private const int MostImages = 1000;

    // Of fewer images nothing can be said about one in a hundred.
    private const int FewestImages = 10;

    // No figure of an image is as large; a file that says so is damaged.
    private const double LargestFigure = 1e12;
    private const long MostMapValues = 20_000_000;
    private const int CurrentFormat = 1;
    private const long LargestFile = 1L << 26;

    // So many training images tell what their features are, and so many held-out ones whether these help.
    private const int MostOfFeatures = 300;
    private const int MostPasted = 100;
    internal const int FeaturesAtOnce = 16;
    private const string OtherVersion =
        "The run's figures of normal images are damaged or of another version; remove its normal-images.json, and measure them anew "
        + "with sere score --dataset.";

    private NoveltyDensity? _density;
    private double[]? _novelties;

    public int Format { get; init; } = CurrentFormat;

    /// <summary>Digest of the weights that they were examined by.</summary>
    public required string Weights { get; init; }

    /// <summary>Digest of the run's configuration.</summary>
    public required string Configuration { get; init; }

    /// <summary>The names of the figures, in the order of what tells most.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>The figures of each image.</summary>
    public required IReadOnlyList<double[]> Figures { get; init; }

    /// <summary>Their surprise at each place; null where pixels have no distributions.</summary>
    public required PlaceStatistics? Places { get; init; }

    /// <summary>What the components leave of them at each place.</summary>
    public required PlaceStatistics ResidualPlaces { get; init; }

    /// <summary>The linear model of the training images.</summary>
    public required PrincipalComponents Components { get; init; }

    /// <summary>What training images show in the features of a network; null for a verdict by pixels alone.</summary>
    public FeatureStatistics? Features { get; init; }

    /// <summary>The codes of training images; null where these are few, and in a run of features.</summary>
    public CodeNeighbours? Neighbours { get; init; }

    /// <summary>
    /// The one figure that tells, where it is low; null for all of them. What the features of a network say of an image of another
    /// kind is never more usual than usual, and a distance to both sides would say so.
    /// </summary>
    public string? Lowest { get; init; }

    /// <summary>The distribution of the figures.</summary>
    private NoveltyDensity Density => _density ??= NoveltyDensity.Fit(Figures, LowestColumn, ApartColumn);

    private int? LowestColumn => Lowest is null ? null : Names.ToList().IndexOf(Lowest);

    private int? ApartColumn => Neighbours is null ? null : Names.ToList().IndexOf(ImageFigures.CodeOutlier);

    /// <summary>The novelty of each image, under what the others show.</summary>
    public IReadOnlyList<double> Novelties => _novelties ??= NoveltyDensity.OfNormal(Figures, LowestColumn, ApartColumn);

    /// <summary>Examines images that were held out of training: the first validation and test images, in like numbers.</summary>
    public static NormalImages Measure(
        TrainedModel model, DatasetSplits splits, Action<int, int>? onImages = null, CancellationToken cancellation = default)
    {
        if (splits.Validation.Count + splits.Test.Count is var count and < FewestImages)
        {
            throw new SereException(
                $"Only {count} images were held out of training, too few to tell what is normal; {FewestImages} are needed, so add "
                + "images.");
        }

        int most = (int)Math.Clamp(MostMapValues / (model.Shape.Height * (long)model.Shape.Width), 2, MostImages);
        int test = Math.Min(splits.Test.Count, Math.Max(most / 2, most - splits.Validation.Count));
        int validation = Math.Min(splits.Validation.Count, most - test);
        var held = ImageSet.Join([splits.Validation.Slice(0, validation), splits.Test.Slice(0, test)]);
        var components = PrincipalComponents.Fit(splits.Train, splits.Validation);
        var features = model.TakesFeatures
            ? FeatureStatistics.Fit(
                model.Features.ExtractPlaces(
                    splits.Train.Slice(0, Math.Min(MostOfFeatures, splits.Train.Count)).ToBytes(), cancellation: cancellation),
                TrainedModel.VerdictSeed)
            : null;
        string? lowest = model.Configuration.Dataset.Features is null ? null : ImageExamination.Elbo;
        var neighbours = lowest is null ? CodesOf(model, splits.Train, cancellation) : null;
        var examined = new List<(Dictionary<string, double> Figures, float[]? Surprise, float[] Residual)>();
        foreach (var (image, atPlaces) in FiguresOfFeatures(model, features, held).Index())
        {
            cancellation.ThrowIfCancellationRequested();
            examined.Add(ImageFigures.Examine(model, components, neighbours, held, image, atPlaces));
            onImages?.Invoke(examined.Count, held.Count);
        }

        var places = examined[0].Surprise is not null
            ? PlaceStatistics.Of([.. examined.Select(one => one.Surprise!)], model.Shape.Width)
            : null;
        OrderedDictionary<string, double>[] figures =
        [
            .. examined.Select(one => ImageFigures.WithSurprise(
                model.Shape, one.Figures, places is null ? null : places.Without(one.Surprise!).Standardize(one.Surprise!))),
        ];
        var normal = new NormalImages
        {
            Weights = model.WeightsDigest(),
            Configuration = model.ConfigurationDigest,
            Names = [.. figures[0].Keys],
            Figures = [.. figures.Select(image => image.Values.ToArray())],
            Places = places,
            ResidualPlaces = PlaceStatistics.Of([.. examined.Select(one => one.Residual)], model.Shape.Width),
            Components = components,
            Features = features,
            Neighbours = neighbours,
            Lowest = lowest,
        };
        if (normal.Density.Figures == 0)
        {
            throw new SereException("The held-out images do not differ, so that they do not tell what is normal; add other images.");
        }

        return features is null
            || normal.FeaturesSuit(model, held.Slice(0, Math.Min(MostPasted, held.Count)).ToBytes(), cancellation)
            ? normal
            : normal.WithoutFeatures();
    }

    private static CodeNeighbours? CodesOf(TrainedModel model, ImageSet training, CancellationToken cancellation)
    {
        int latents = model.Model.CodeSizes.Sum();
        int count = CodeNeighbours.Count(training.Count, latents);
        if (count == 0)
        {
            return null;
        }

        // Where images of a kind lie side by side, the first alone would be of a few kinds.
        var spread = training.Select([.. Enumerable.Range(0, count).Select(image => (int)((long)image * training.Count / count))]);
        return CodeNeighbours.Of(model.CodesOf(spread, TrainedModel.VerdictSeed, cancellation).Values, latents, cancellation);
    }

    /// <summary>The same by pixels alone.</summary>
    public NormalImages WithoutFeatures()
    {
        bool[] isOfPixels = [.. Names.Select(name => !FeatureStatistics.Figures.Contains(name, StringComparer.Ordinal))];
        return this with
        {
            Names = [.. Names.Where((_, column) => isOfPixels[column])],
            Figures = [.. Figures.Select(row => row.Where((_, column) => isOfPixels[column]).ToArray())],
            Features = null,
            _density = null,
            _novelties = null,
        };
    }

    /// <summary>
    /// Whether held-out images are told from the same with a patch of another one as well as by pixels alone, but for a standard
    /// error of the area under the curve: few images do not say more exactly.
    /// </summary>
    private bool FeaturesSuit(TrainedModel model, ImageSet held, CancellationToken cancellation)
    {
        var pasted = PastedPatches.On(held, TrainedModel.VerdictSeed);
        var pixels = WithoutFeatures();
        var (all, some) = (new List<double>(), new List<double>());
        foreach (var (image, atPlaces) in FiguresOfFeatures(model, Features, pasted).Index())
        {
            cancellation.ThrowIfCancellationRequested();
            var (figures, novelty, _) = Examine(model, pasted, image, atPlaces);
            all.Add(novelty);
            some.Add(pixels.Density.Of([.. pixels.Names.Select(name => figures[name])]));
        }

        double area = ReceiverOperatingCharacteristic.Area([.. some], [.. pixels.Novelties]);
        double error = Math.Max(Math.Sqrt(area * (1 - area) / held.Count), 1.0 / held.Count);
        return ReceiverOperatingCharacteristic.Area([.. all], [.. Novelties]) >= area - error;
    }

    /// <summary>For each image its figures of features, a few images at a time; nulls where there are none.</summary>
    public IEnumerable<double[]?> FiguresOfFeatures(TrainedModel model, ImageSet images) =>
        FiguresOfFeatures(model, Features, images);

    private static IEnumerable<double[]?> FiguresOfFeatures(TrainedModel model, FeatureStatistics? statistics, ImageSet images)
    {
        for (int start = 0; start < images.Count; start += FeaturesAtOnce)
        {
            int count = Math.Min(FeaturesAtOnce, images.Count - start);
            var features = statistics is null ? null : model.Features.ExtractPlaces(images.Slice(start, count).ToBytes());
            if (features?.Shape.Dimensions is { } values && values != statistics!.Mean.Length * statistics.Places)
            {
                throw new SereException(OtherVersion);
            }

            for (int image = 0; image < count; image++)
            {
                yield return features is null ? null : statistics!.Of(
                    features.Values.AsSpan(image * features.Shape.Dimensions, features.Shape.Dimensions));
            }
        }
    }

    /// <summary>What a run keeps for these weights; null where there is nothing.</summary>
    public static NormalImages? Find(RunFolder folder, TrainedModel model)
    {
        var kept = RunJson.TryRead<NormalImages>(folder.NormalImages, LargestFile);
        return kept is { Format: CurrentFormat, Figures.Count: >= FewestImages }
            && string.Equals(kept.Weights, model.WeightsDigest(), StringComparison.Ordinal)
            && string.Equals(kept.Configuration, model.ConfigurationDigest, StringComparison.Ordinal)
            && kept.Figures.All(row =>
                row is not null && row.Length == kept.Names.Count && !row.Any(value => Math.Abs(value) > LargestFigure))
            && kept.LowestColumn is not -1 && kept.ApartColumn is not -1
            && kept.Density.Figures > 0
            && (kept.Places is not { } places || IsOf(places, model.Shape))
            && IsOf(kept.ResidualPlaces, model.Shape)
            && kept.Components.Mean.Length == model.Shape.Dimensions
            && kept.Components.Axes.Length % model.Shape.Dimensions == 0
            && kept.Features?.IsSound() != false && kept.Neighbours?.IsSound(model.Model.CodeSizes.Sum()) != false
            && kept.Components.Mean.All(float.IsFinite) && kept.Components.Axes.All(float.IsFinite)
            ? kept
            : null;
    }

    public void Write(RunFolder folder) => AtomicFile.WriteAllText(
        folder.NormalImages, JsonSerializer.Serialize(this, RunJson.Line) + "\n", folder.Files);

    /// <summary>Examines one image beside them: its figures, its novelty, and where it is strange.</summary>
    public (OrderedDictionary<string, double> Figures, double Novelty, float[] Map) Examine(
        TrainedModel model, ImageSet images, int image, double[]? features)
    {
        var (examined, surprise, residual) = ImageFigures.Examine(model, Components, Neighbours, images, image, features);
        float[]? map = surprise is null ? null : Places?.Standardize(surprise);
        var figures = ImageFigures.WithSurprise(model.Shape, examined, map);
        float[] left = ResidualPlaces.Standardize(residual);
        return figures.Keys.SequenceEqual(Names, StringComparer.Ordinal)
            ? (figures, Density.Of([.. figures.Values]), map is null ? left : [.. map.Zip(left, Math.Max)])
            : throw new SereException(OtherVersion);
    }

    /// <summary>What they exceed at a wanted rate.</summary>
    public FalsePositiveThreshold Threshold(double rate) => FalsePositiveThreshold.Of(Novelties, rate);

    /// <summary>The same without an interval, which takes longer.</summary>
    public double ThresholdValue(double rate) => FalsePositiveThreshold.Quantile(Novelties, rate);

    /// <summary>How many of a hundred of them are less novel, where ties count half.</summary>
    public double Percentile(double novelty) => double.IsNaN(novelty) ? 100 : 100.0
        * (Novelties.Count(value => value < novelty) + (0.5 * Novelties.Count(value => value == novelty))) / Novelties.Count;

    private static bool IsOf(PlaceStatistics places, ImageShape shape) =>
        places.Count > 1 && places.Width == shape.Width && places.Sum.Length == shape.Height * shape.Width
        && places.SumOfSquares.Length == places.Sum.Length
        && places.Sum.All(float.IsFinite) && places.SumOfSquares.All(float.IsFinite);
}

/// <summary>The figures by which an image is compared with normal ones.</summary>
internal static class ImageFigures
{
    /// <summary>How far its code lies from those of training images, as they from each other.</summary>
    public const string CodeOutlier = "code_outlier";

    // What tells most comes first: of few normal images, the first figures alone have a density.
    private static readonly string[] Order =
    [
        "features", "surprise", "residual", "shift", "elbo", "llr", "complexity_corrected", "complexity", "calm", "code", "reconstruction", "kl",
    ];

    // Pixels alone are noise; an unusual calm over few of them is too.
    private static readonly int[] CalmSides = [5, 9];

    // Under the square of half a level of a byte there is no residual.
    private const double SmallestResidual = 1e-6;

    /// <summary>
    /// All figures of an image but those of its surprise beside that of normal ones, its surprise, and what the components
    /// leave of it.
    /// </summary>
    public static (Dictionary<string, double> Figures, float[]? Surprise, float[] Residual) Examine(
        TrainedModel model,
        PrincipalComponents components,
        CodeNeighbours? neighbours,
        ImageSet images,
        int image,
        double[]? features)
    {
        using var scope = TorchSharp.torch.NewDisposeScope();
        var one = images.Slice(image, 1);
        var x = model.PrepareAgain(one, Binarization.IsRandom(model.Binarization) ? ImageExamination.Draws : 1);
        var examination = ImageExamination.Of(model.Model, model.Shape, x, TrainedModel.VerdictSeed);
        var figures = new Dictionary<string, double>(examination.Figures, StringComparer.Ordinal);

        // Masses of levels and code lengths are both nats of the same image; densities are not.
        if (string.Equals(model.Model.Space, "discrete", StringComparison.Ordinal) && model.Shape.Channels is 1 or 3)
        {
            float[] levels = [.. x[0].cpu().data<float>()];
            double nats = ImageComplexity.Nats(model.Shape, levels, isBinary: model.Binarization != BinarizationRule.None);
            figures["complexity"] = nats;
            figures["complexity_corrected"] = -figures[ImageExamination.Elbo] - nats;
        }

        if (neighbours is not null)
        {
            figures[CodeOutlier] = examination.Codes.Average(code => neighbours.LogOutlierFactor(code));
        }

        foreach (var (name, value) in features is null ? [] : FeatureStatistics.Figures.Zip(features))
        {
            figures[name] = value;
        }

        float[] residual = components.Residual(one);
        bool isVector = model.Shape.Height == 1;
        foreach (int side in isVector ? [residual.Length] : ImageExamination.Sides)
        {
            figures[isVector ? "residual" : $"residual_{side}"] =
                Math.Log(WindowMeans.Extremes(residual, model.Shape.Width, side).Largest + SmallestResidual);
        }

        return (figures, examination.Surprise, residual);
    }

    /// <summary>Adds the figures of its surprise, which is in units of that of normal images.</summary>
    /// <returns>All by their names, in order.</returns>
    public static OrderedDictionary<string, double> WithSurprise(
        ImageShape shape, IReadOnlyDictionary<string, double> figures, float[]? map)
    {
        var all = figures.ToList();
        if (map is not null)
        {
            all.AddRange(ImageExamination.Sides.Select(side => KeyValuePair.Create(
                $"surprise_{side}", WindowMeans.Extremes(map, shape.Width, side).Largest)));
            all.AddRange(CalmSides.Select(side => KeyValuePair.Create(
                $"calm_{side}", -WindowMeans.Extremes(map, shape.Width, side).Smallest)));
        }

        return new(
            all.OrderBy(figure => Array.FindIndex(Order, start => figure.Key.StartsWith(start, StringComparison.Ordinal))),
            StringComparer.Ordinal);
    }
}
