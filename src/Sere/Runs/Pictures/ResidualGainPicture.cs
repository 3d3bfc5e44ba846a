namespace Sere.Runs.Pictures;

/// <summary>
/// A chart of what the residual data layer adds to each block's log-likelihood over gamma1 alone (Figure S7 of the paper).
/// </summary>
public static class ResidualGainPicture
{
    /// <summary>Writes the chart as a PNG image of 900 x 560 pixels: the blocks from left to right. The legend gives the sum.</summary>
    /// <param name="path">The file, written whole or not at all.</param>
    /// <param name="name">The model.</param>
    /// <param name="gainPerBlock">Nats per image of each block.</param>
    /// <exception cref="SereException">The file cannot be written.</exception>
    public static void Write(string path, string name, IReadOnlyList<double> gainPerBlock) => LayerBars.Write(
        path, [(name, gainPerBlock)], "Gain of the residual data layer over gamma1 alone", "block", "gain (nats per image)");
}
