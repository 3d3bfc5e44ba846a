using Sere.Networks;
using TorchSharp;

namespace Sere.Partitions;

/// <summary>
/// A window of the image for each block, all of one shape, that covers it: what a convolutional network decodes or sees in
/// place of a block, which need not be a rectangle. Blocks are padded, windows flat in the order [channels, height, width].
/// </summary>
internal sealed class BlockWindows : torch.nn.Module
{
    private readonly torch.Tensor _positions;
    private readonly torch.Tensor _sources;
    private readonly torch.Tensor _mask;
    private readonly int[][] _places;

    /// <summary>Windows of one shape.</summary>
    /// <param name="shape">The window of each block.</param>
    /// <param name="positions">Where in its window each value of each block lies.</param>
    /// <param name="largestBlock">Size of a padded block.</param>
    /// <param name="type">The type of what is put into windows.</param>
    /// <param name="device">Where that is; null for the CPU.</param>
    public BlockWindows(
        FeatureShape shape,
        IReadOnlyList<IReadOnlyList<int>> positions,
        int largestBlock,
        torch.ScalarType type,
        torch.Device? device = null)
        : base(nameof(BlockWindows))
    {
        Shape = shape;
        int blocks = positions.Count;
        _places = [.. positions.Select(list => list.Select(position => position % shape.Positions).Distinct().Order().ToArray())];
        long[,] place = new long[blocks, largestBlock];
        long[,] source = new long[blocks, shape.Size];
        float[,] mask = new float[blocks, shape.Size];
        for (int block = 0; block < blocks; block++)
        {
            for (int position = 0; position < shape.Size; position++)
            {
                // The column of zeros that Scatter appends to a block.
                source[block, position] = largestBlock;
            }

            for (int index = 0; index < positions[block].Count; index++)
            {
                place[block, index] = positions[block][index];
                source[block, positions[block][index]] = index;
                mask[block, positions[block][index]] = 1;
            }
        }

        IsExact = positions.All(list => list.Count == shape.Size && list.SequenceEqual(Enumerable.Range(0, shape.Size)));
        using var scope = torch.NewDisposeScope();
        _positions = torch.tensor(place, device: device).DetachFromDisposeScope();
        _sources = torch.tensor(source, device: device).DetachFromDisposeScope();
        _mask = torch.tensor(mask, type, device).DetachFromDisposeScope();
        register_buffer("positions", _positions, persistent: false);
        register_buffer("sources", _sources, persistent: false);
        register_buffer("mask", _mask, persistent: false);
    }

    /// <summary>The shape of each window.</summary>
    public FeatureShape Shape { get; }

    /// <summary>Whether every block fills its window in order.</summary>
    public bool IsExact { get; }

    /// <summary>
    /// What <see cref="Scatter"/> gives for one block: its window and, where blocks do not fill theirs, further channels that
    /// are 1 where the block has a value.
    /// </summary>
    public FeatureShape Known => IsExact ? Shape : Shape.WithChannels(2 * Shape.Channels);

    /// <summary>The places of its window, row by row, at which a block has values.</summary>
    public IReadOnlyList<int> Places(int block) => _places[block];

    /// <summary>Padded blocks [n, B, LargestBlock], from block <paramref name="first"/> on, as windows [n, B, known].</summary>
    public torch.Tensor Scatter(torch.Tensor blocks, int first)
    {
        if (IsExact)
        {
            return blocks;
        }

        var windows = Values(blocks, first);
        var mask = _mask.narrow(0, first, blocks.shape[0]).unsqueeze(1);
        return torch.cat([windows, mask.expand_as(windows)], -1);
    }

    /// <summary>Parameters of padded blocks [n, P LargestBlock] as parameters of windows [n, P window], 0 elsewhere.</summary>
    public torch.Tensor ScatterParameters(torch.Tensor parameters, int largestBlock)
    {
        return IsExact
            ? parameters
            : Values(parameters.view(parameters.shape[0], -1, largestBlock), 0).view(parameters.shape[0], -1);
    }

    /// <summary>As <see cref="Scatter"/>, of the values alone: [n, B, window].</summary>
    public torch.Tensor ScatterValues(torch.Tensor blocks, int first) => IsExact ? blocks : Values(blocks, first);

    /// <summary>
    /// Of parameters of windows [n, R, P window], from block <paramref name="first"/> on, those of the padded blocks,
    /// [n, R, P LargestBlock].
    /// </summary>
    public torch.Tensor Gather(torch.Tensor parameters, int first)
    {
        if (IsExact)
        {
            return parameters;
        }

        long[] shape = parameters.shape;
        var places = _positions.narrow(0, first, shape[0]);
        var windows = parameters.view(shape[0], -1, Shape.Size);
        var index = places.unsqueeze(1).expand(shape[0], windows.shape[1], -1);
        return windows.gather(-1, index).view(shape[0], shape[1], -1);
    }

    private torch.Tensor Values(torch.Tensor blocks, int first)
    {
        var padded = torch.nn.functional.pad(blocks, [0, 1]);
        var index = _sources.narrow(0, first, blocks.shape[0]).unsqueeze(1);
        return padded.gather(-1, index.expand(blocks.shape[0], blocks.shape[1], -1));
    }
}
