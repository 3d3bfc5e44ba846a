using System.Globalization;
using Sere.Data;
using Sere.Runs.Configuration;

namespace Sere.Runs;

/// <summary>A preset that was chosen by looking at the images, fitted to their number and size.</summary>
/// <param name="Configuration">The configuration, which names the images.</param>
/// <param name="Sentence">What was found and chosen, in a line for the user.</param>
public sealed record PresetByImages(ExperimentConfiguration Configuration, string Sentence)
{
    private const string BinaryPreset = "digits";

    // From measurements: after so many the held-out likelihood of a few hundred photographs of 64x64 hardly rises, and more
    // images are worth seeing more often. Perceptrons of black and white take little time.
    private const int FewestSeen = 15_000;
    private const int MostSeen = 64_000;
    private const int TimesSeen = 8;
    private const int SeenBinary = 150_000;
    private const int MostEpochs = 1000;
    private const int UsualPixels = 64 * 64;

    // What was read, and what asked for it.
    private (DatasetChoice Dataset, DatasetSplits Splits)? _read;

    /// <summary>The images that were read to choose, where a configuration asks for just these; else null.</summary>
    internal DatasetSplits? ReadFor(ExperimentConfiguration configuration) =>
        _read is { } read && read.Dataset == configuration.Dataset with
        {
            // What is done with images once they are read.
            Binarization = read.Dataset.Binarization,
            Dequantization = read.Dataset.Dequantization,
            HorizontalFlips = read.Dataset.HorizontalFlips,
        }
            ? read.Splits
            : null;

    /// <summary>Looks at images and chooses.</summary>
    /// <param name="dataset">The data set, as <c>dataset.name</c> says it.</param>
    /// <param name="dataFolder">The value of --data-dir, or null.</param>
    /// <param name="gray">Whether colours become grey values.</param>
    /// <param name="resize">The size that the user wants, or null.</param>
    /// <returns>Null where they are no images of levels: vectors, or real values outside of 0..1.</returns>
    /// <exception cref="SereException">The images are missing, damaged or too few.</exception>
    public static PresetByImages? Choose(string dataset, string? dataFolder = null, bool gray = false, ImageSize? resize = null)
    {
        bool isFolder = DatasetCatalog.IsFolder(dataset);
        var look = isFolder ? ImageLook.At(DatasetCatalog.PlaceOf(dataset)!, gray) : null;
        var size = resize ?? look?.Fit();
        var start = Presets.Load(BinaryPreset);
        string place = DatasetCatalog.WithFullPath(dataset);
        start = start with { Dataset = start.Dataset with { Name = place, Gray = gray, Resize = size } };
        var splits = RunDataset.Load(start, dataFolder);
        var shape = splits.Train.Shape;
        if (shape.Height == 1 || shape.Width == 1 || shape.Channels is not (1 or 3) || ValueRange.Of(splits.Train) is { IsGrey: false })
        {
            return null;
        }

        look ??= ImageLook.At(splits.Train);
        if (!isFolder && size is null && look.Fit() is { } fit && !splits.Train.IsReal)
        {
            size = fit;
            shape = shape with { Height = fit.Height, Width = fit.Width };
        }

        string name = look.Kind switch
        {
            ImageKind.BlackAndWhite => BinaryPreset,
            ImageKind.Grey => "grey",
            ImageKind.Colour => "colour",
        };
        var preset = OtherData.Describe(Presets.Load(name), dataset);
        int train = splits.Train.Count;
        int held = splits.Validation.Count + splits.Test.Count;
        double seen = look.Kind == ImageKind.BlackAndWhite
            ? Math.Max(SeenBinary, (double)preset.Training.Epochs * train)
            : Math.Clamp(TimesSeen * (double)train, FewestSeen, MostSeen)
                * Math.Min(1, Math.Sqrt(UsualPixels / ((double)shape.Height * shape.Width)));
        int epochs = (int)Math.Clamp(Math.Ceiling(seen / train), 1, MostEpochs);
        preset = preset with
        {
            Dataset = preset.Dataset with { Name = dataset, Gray = gray, Resize = size },
            Training = preset.Training with { Epochs = epochs },
        };
        string from = Sizes(look);
        string found = string.Create(
            CultureInfo.InvariantCulture,
            $"{train + held} images, {from}{(size is { } to ? $" brought to {to.Width}x{to.Height}" : "")}, {Kind(look.Kind)}");
        return new PresetByImages(preset, $"{found}; preset {name} ({Distribution(look.Kind)}); {train} to train, {held} held out.")
        {
            _read = (start.Dataset, splits),
        };
    }

    private static string Sizes(ImageLook look)
    {
        int sizes = look.Sizes.Distinct().Count();
        return sizes == 1 ? $"{look.Sizes[0].Width}x{look.Sizes[0].Height}" : $"{sizes} sizes";
    }

    private static string Kind(ImageKind kind) => kind switch
    {
        ImageKind.BlackAndWhite => "black and white",
        ImageKind.Grey => "grey levels",
        ImageKind.Colour => "colour levels",
    };

    private static string Distribution(ImageKind kind) =>
        kind == ImageKind.BlackAndWhite ? "Bernoulli" : "logistic mixture";
}
