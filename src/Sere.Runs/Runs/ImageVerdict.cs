namespace Sere.Runs;

/// <summary>Whether an image is like the training images, and where it is not.</summary>
/// <param name="Name">The image's file name; its index where it has none.</param>
/// <param name="Novelty">
/// How rare its figures are among those of normal images: -log density in nats, near 0 for the most usual ones. Higher is stranger.
/// </param>
/// <param name="Percentile">How many of a hundred normal images are less novel.</param>
/// <param name="IsFlagged">Whether its novelty is above the threshold of the wanted false-positive rate.</param>
/// <param name="Map">Where it is strange.</param>
/// <param name="Figures">The figures that the novelty is of, by their names in docs/likelihood-and-normality.md.</param>
public sealed record ImageVerdict(
    string Name,
    double Novelty,
    double Percentile,
    bool IsFlagged,
    SurpriseMap Map,
    OrderedDictionary<string, double> Figures);

/// <summary>
/// How strange each pixel is: the greater of how much it surprises the model, -log p(x_i | z, the pixels before it) less what is
/// to be expected there, and of what the principal components of the training images leave of it, each less what normal images
/// show at that place, in units of their spread.
/// </summary>
/// <param name="Height">Rows.</param>
/// <param name="Width">Columns.</param>
/// <param name="Values">Row by row; 0 is usual, 3 is rare.</param>
public sealed record SurpriseMap(int Height, int Width, ReadOnlyMemory<float> Values);
