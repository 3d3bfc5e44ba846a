using Sere.Data;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Training;

/// <summary>The batches of a run: a function of the seed, the epoch and the step alone.</summary>
internal sealed class TrainingBatches : IDisposable
{
    private const int FittingBatch = 500;
    private readonly torch.Tensor _images;
    private readonly ImageShape _shape;
    private readonly BinarizationRule _binarization;
    private readonly bool _horizontalFlips;
    private readonly RandomStreams _streams;
    private readonly int _batchSize;
    private torch.Tensor? _order;
    private int _orderEpoch = -1;

    public TrainingBatches(
        ImageSet images,
        BinarizationRule binarization,
        int batchSize,
        RandomStreams streams,
        torch.Device device,
        bool horizontalFlips = false)
    {
        if (horizontalFlips && images.Shape.Height == 1)
        {
            throw new UsageException(
                "dataset.horizontalFlips mirrors images, and of vectors it would reverse the dimensions; set it to false.");
        }

        using var scope = torch.NewDisposeScope();
        _images = images.ToTensor().to(device).DetachFromDisposeScope();
        _shape = images.Shape;
        _binarization = binarization;
        _horizontalFlips = horizontalFlips;
        _batchSize = batchSize;
        _streams = streams;
        StepsPerEpoch = (images.Count + batchSize - 1) / batchSize;
    }

    /// <summary>Steps of an epoch; the last batch holds what is left.</summary>
    public int StepsPerEpoch { get; }

    /// <summary>
    /// Images of a step, [B, D], and their latent noise, [B, <paramref name="noiseSize"/>], or
    /// [<paramref name="samples"/>, B, <paramref name="noiseSize"/>] for more than one sample. At most <paramref name="limit"/>
    /// of its images.
    /// </summary>
    public (torch.Tensor Images, torch.Tensor Noise) Get(
        int epoch, int step, int noiseSize, int samples = 1, int limit = int.MaxValue)
    {
        var order = Order(epoch);
        long first = (long)step * _batchSize;
        long count = Math.Min(Math.Min(_batchSize, limit), order.shape[0] - first);
        var grey = _images.index_select(0, order.narrow(0, first, count));
        if (_horizontalFlips)
        {
            grey = Flip(grey, epoch, step);
        }

        using var binarization = _streams.Open(StreamPurpose.TrainingBinarization, epoch, step);
        using var latents = _streams.Open(StreamPurpose.TrainingNoise, epoch, step);
        long[] shape = samples == 1 ? [count, noiseSize] : [samples, count, noiseSize];
        var noise = torch.randn(shape, generator: latents).to(_images.device);
        return (Binarization.TrainingBatch(grey, _binarization, binarization), noise);
    }

    /// <summary>
    /// The first training images, at most <paramref name="limit"/>, as they are evaluated, in batches, with latent noise.
    /// </summary>
    public IReadOnlyList<(torch.Tensor X, torch.Tensor Noise)> First(int limit, int noiseSize)
    {
        var batches = new List<(torch.Tensor X, torch.Tensor Noise)>();
        long images = Math.Min(limit, _images.shape[0]);
        for (long first = 0; first < images; first += FittingBatch)
        {
            long count = Math.Min(FittingBatch, images - first);
            using var latents = _streams.Open(StreamPurpose.EvaluationNoise, index: first);
            batches.Add((
                Binarization.EvaluationImages(_images.narrow(0, first, count), first, _binarization, _streams),
                torch.randn([count, noiseSize], generator: latents).to(_images.device)));
        }

        return batches;
    }

    public void Dispose()
    {
        _images.Dispose();
        _order?.Dispose();
    }

    private torch.Tensor Flip(torch.Tensor images, int epoch, int step)
    {
        using var generator = _streams.Open(StreamPurpose.TrainingFlips, epoch, step);
        var chosen = torch.rand([images.shape[0], 1], generator: generator).IsBelow(0.5).to(images.device);
        var mirrored = images.view(-1, _shape.Channels, _shape.Height, _shape.Width).flip(3).view(images.shape);
        return torch.where(chosen, mirrored, images);
    }

    private torch.Tensor Order(int epoch)
    {
        if (_order is null || _orderEpoch != epoch)
        {
            _order?.Dispose();
            using var scope = torch.NewDisposeScope();
            using var generator = _streams.Open(StreamPurpose.Shuffle, epoch);
            _order = torch.randperm(_images.shape[0], generator: generator).to(_images.device).DetachFromDisposeScope();
            _orderEpoch = epoch;
        }

        return _order;
    }
}
