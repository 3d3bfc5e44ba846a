using Sere.Data;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Training;

/// <summary>The batches of a run: a function of the seed, the epoch and the step alone.</summary>
internal sealed class TrainingBatches : IDisposable
{
    private const int FittingBatch = 500;
    private const int KeptOrders = 4;
    private readonly torch.Tensor _images;
    private readonly ImageShape _shape;
    private readonly BinarizationRule _binarization;
    private readonly bool _horizontalFlips;
    private readonly RandomStreams _streams;
    private readonly int _batchSize;
    private readonly Dictionary<int, torch.Tensor> _orders = [];

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
    /// What a step draws, on the CPU and from any thread: in memory of its own, or into what an earlier step of as many images
    /// drew. At most <paramref name="limit"/> of its images.
    /// </summary>
    public StepInputs Draw(int epoch, int step, int noiseSize, int samples = 1, int limit = int.MaxValue, StepInputs? into = null)
    {
        long first = (long)step * _batchSize;
        long count = Math.Min(Math.Min(_batchSize, limit), _images.shape[0] - first);
        var inputs = into ?? StepInputs.Allocate(
            count,
            Binarization.IsRandom(_binarization) ? _shape.Dimensions : 0,
            _horizontalFlips,
            samples == 1 ? [count, noiseSize] : [samples, count, noiseSize]);
        using var scope = torch.NewDisposeScope();
        CopyOrder(inputs.Indices, epoch, first);
        Fill(inputs.Flips, StreamPurpose.TrainingFlips);
        Fill(inputs.Uniform, StreamPurpose.TrainingBinarization);
        using var latents = _streams.Open(StreamPurpose.TrainingNoise, epoch, step);
        inputs.Noise.normal_(0, 1, latents);
        return inputs;

        void Fill(torch.Tensor? uniform, StreamPurpose purpose)
        {
            using var generator = uniform is null ? null : _streams.Open(purpose, epoch, step);
            uniform?.uniform_(0, 1, generator!);
        }
    }

    /// <summary>The images [B, D] that a model is given, where the images are: from the same inputs always the same.</summary>
    public torch.Tensor Assemble(StepInputs inputs)
    {
        var grey = _images.index_select(0, inputs.Indices.to(_images.device));
        if (inputs.Flips is { } flips)
        {
            var mirrored = grey.view(-1, _shape.Channels, _shape.Height, _shape.Width).flip(3).view(grey.shape);
            grey = torch.where(flips.IsBelow(0.5).to(grey.device), mirrored, grey);
        }

        return Binarization.Apply(grey, inputs.Uniform, _binarization);
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
        foreach (var order in _orders.Values)
        {
            order.Dispose();
        }
    }

    /// <summary>Which images a step of an epoch takes.</summary>
    private void CopyOrder(torch.Tensor indices, int epoch, long first)
    {
        lock (_orders)
        {
            if (!_orders.TryGetValue(epoch, out var order))
            {
                using var generator = _streams.Open(StreamPurpose.Shuffle, epoch);
                order = torch.randperm(_images.shape[0], generator: generator).DetachFromDisposeScope();
                if (_orders.Count == KeptOrders)
                {
                    _orders.Remove(_orders.Keys.Min(), out var oldest);
                    oldest!.Dispose();
                }

                _orders.Add(epoch, order);
            }

            indices.copy_(order.narrow(0, first, indices.shape[0]));
        }
    }
}

/// <summary>What a training step draws: a function of the seed, the epoch and the step.</summary>
/// <param name="Indices">Which images, [B].</param>
/// <param name="Uniform">Uniform numbers for a random binarization, [B, D]; null for another.</param>
/// <param name="Flips">Uniform numbers that say which images are mirrored, [B, 1]; null for none.</param>
/// <param name="Noise">Latent noise, [B, NoiseSize], or [K, B, NoiseSize] for more than one sample.</param>
internal sealed record StepInputs(torch.Tensor Indices, torch.Tensor? Uniform, torch.Tensor? Flips, torch.Tensor Noise)
{
    /// <summary>Images of the step, B.</summary>
    public long Count => Indices.shape[0];

    /// <summary>All of them.</summary>
    public IEnumerable<torch.Tensor> Tensors => new[] { Indices, Uniform, Flips, Noise }.OfType<torch.Tensor>();

    /// <summary>Room for the inputs of a step.</summary>
    /// <param name="count">B.</param>
    /// <param name="dimensions">D; 0 where the binarization takes no numbers.</param>
    /// <param name="flips">Whether images are mirrored.</param>
    /// <param name="noise">The shape of the noise.</param>
    public static StepInputs Allocate(long count, long dimensions, bool flips, long[] noise) => new(
        torch.empty([count], torch.ScalarType.Int64),
        dimensions == 0 ? null : torch.empty([count, dimensions]),
        flips ? torch.empty([count, 1]) : null,
        torch.empty(noise));

    /// <summary>Those of some of the images.</summary>
    public StepInputs Part(long first, long count) => Select(
        tensor => tensor.narrow(ReferenceEquals(tensor, Noise) ? Noise.dim() - 2 : 0, first, count).contiguous());

    /// <summary>Such tensors, each made from ours.</summary>
    public StepInputs Select(Func<torch.Tensor, torch.Tensor> selector) => new(
        selector(Indices), Uniform is null ? null : selector(Uniform), Flips is null ? null : selector(Flips), selector(Noise));
}
