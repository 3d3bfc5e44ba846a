namespace Sere.Partitions;

/// <summary>
/// Which earlier layers each layer is conditioned on. In a chain layer l has the one parent l - 1, and the posterior of
/// eq. 4 factorizes as the true one (Proposition 2); other graphs do not carry that guarantee.
/// </summary>
internal sealed class CouplingGraph
{
    private readonly int[][] _parents;

    /// <summary>A graph with the given parents of each layer, counted from 0.</summary>
    /// <exception cref="ArgumentException">A parent does not come before its layer, or stands there twice.</exception>
    public CouplingGraph(IReadOnlyList<IReadOnlyList<int>> parents)
    {
        _parents = [.. parents.Select(list => list.ToArray())];
        for (int layer = 0; layer < _parents.Length; layer++)
        {
            foreach (int parent in _parents[layer])
            {
                if (parent < 0 || parent >= layer)
                {
                    throw new ArgumentException($"Layer {layer} cannot have the parent {parent}.", nameof(parents));
                }
            }

            if (_parents[layer].Distinct().Count() != _parents[layer].Length)
            {
                throw new ArgumentException($"Layer {layer} names a parent twice.", nameof(parents));
            }
        }
    }

    /// <summary>Number of layers, L.</summary>
    public int Layers => _parents.Length;

    /// <summary>Each layer is conditioned on the one before it.</summary>
    public static CouplingGraph Chain(int layers) =>
        new([.. Enumerable.Range(0, layers).Select(layer => layer == 0 ? Array.Empty<int>() : [layer - 1])]);

    /// <summary>
    /// Layers in raster order on a grid, each conditioned on the one above it and the one to its left. The posterior of
    /// eq. 4 does not factorize as the true one: two layers that a later one sees are dependent given the image.
    /// </summary>
    public static CouplingGraph Grid(int rows, int columns)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        return new([.. Enumerable.Range(0, rows * columns).Select(Neighbours)]);

        int[] Neighbours(int layer) =>
        [
            .. layer >= columns ? [layer - columns] : Array.Empty<int>(),
            .. layer % columns > 0 ? [layer - 1] : Array.Empty<int>(),
        ];
    }

    /// <summary>No layer is conditioned on another.</summary>
    public static CouplingGraph Uncoupled(int layers) =>
        new([.. Enumerable.Range(0, layers).Select(_ => Array.Empty<int>())]);

    /// <summary>The parents of a layer, in order.</summary>
    public IReadOnlyList<int> Parents(int layer) => _parents[layer];

    /// <summary>
    /// The layers in waves: those of a wave see layers of earlier waves alone, and can run at once. In a grid the waves are
    /// the anti-diagonals, in a chain each layer is one.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<int>> Waves()
    {
        int[] wave = new int[Layers];
        for (int layer = 0; layer < Layers; layer++)
        {
            wave[layer] = _parents[layer].Length == 0 ? 0 : 1 + _parents[layer].Max(parent => wave[parent]);
        }

        return [.. Enumerable.Range(0, Layers).GroupBy(layer => wave[layer]).OrderBy(group => group.Key).Select(group => group.ToArray())];
    }
}
