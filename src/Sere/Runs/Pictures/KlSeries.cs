namespace Sere.Runs.Pictures;

/// <summary>One group of bars of a <see cref="KlPerLayerPicture"/>.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="KlPerLayer">The KL divergence of the layers 1 to L in nats.</param>
public sealed record KlSeries(string Name, IReadOnlyList<double> KlPerLayer);
