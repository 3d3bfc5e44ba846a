namespace Sere.Performance;

/// <summary>
/// How fast a preset trains, is evaluated and is sampled on this machine, and how far that is from what the machine can do.
/// Times are medians of repeats after a warm-up.
/// </summary>
public sealed record PerformanceReport
{
    /// <summary>The preset.</summary>
    public required string Preset { get; init; }

    /// <summary>Threads that computed.</summary>
    public required int Threads { get; init; }

    /// <summary>Images of a training step.</summary>
    public required int Batch { get; init; }

    /// <summary>Number of the model's parameters.</summary>
    public required long Parameters { get; init; }

    /// <summary>Rate of the matrix products of a step at their own shapes, each at its best, in 10^9 operations a second.</summary>
    public required double ProductGigaflops { get; init; }

    /// <summary>Rate of the step's convolutions and their gradients, each at its best; null where there are none.</summary>
    public required double? ConvolutionGigaflops { get; init; }

    /// <summary>Rate of a large copy, bytes read and bytes written, in 10^9 bytes a second.</summary>
    public required double CopyGigabytesPerSecond { get; init; }

    /// <summary>A whole training step.</summary>
    public required double StepMilliseconds { get; init; }

    /// <summary>Assembly and binarization of the batch.</summary>
    public required double DataMilliseconds { get; init; }

    /// <summary>The bound.</summary>
    public required double ForwardMilliseconds { get; init; }

    /// <summary>Its gradient.</summary>
    public required double BackwardMilliseconds { get; init; }

    /// <summary>Check, clipping and update.</summary>
    public required double OptimizerMilliseconds { get; init; }

    /// <summary>The matrix products of a step, each at its best.</summary>
    public required double ProductMilliseconds { get; init; }

    /// <summary>Time of the step's convolutions alone, backward passes included, by the library's own routine.</summary>
    public required double ConvolutionMilliseconds { get; init; }

    /// <summary>One pass over parameters, gradients and two moments, and back over all but the gradients, at copy rate.</summary>
    public required double UpdateFloorMilliseconds { get; init; }

    /// <summary>The floor of a step: products and update.</summary>
    public required double FloorMilliseconds { get; init; }

    /// <summary>The step over its floor.</summary>
    public required double StepOverFloor { get; init; }

    /// <summary>"cpu", or the name of the GPU.</summary>
    public required string Device { get; init; }

    /// <summary>Version of libtorch.</summary>
    public required string Libtorch { get; init; }

    /// <summary>Kernels and copies of the CUDA graph of a step; null where steps are no graph.</summary>
    public long? GraphNodes { get; init; }

    /// <summary>That graph alone, without new inputs.</summary>
    public double? GraphMilliseconds { get; init; }

    /// <summary>Microseconds of a node that does next to nothing; null where there are no graphs.</summary>
    public double? NodeMicroseconds { get; init; }

    /// <summary>The products of a step in TensorFloat-32, on a CUDA device.</summary>
    public double? ProductTf32Milliseconds { get; init; }

    /// <summary>The products of a step in bfloat16, on a CUDA device.</summary>
    public double? ProductBf16Milliseconds { get; init; }

    /// <summary>Images trained on in a second.</summary>
    public required double TrainImagesPerSecond { get; init; }

    /// <summary>Importance samples evaluated in a second.</summary>
    public required double EvaluationsPerSecond { get; init; }

    /// <summary>What bounds that: products that depend on the sample, one write and one read of its D parameters.</summary>
    public required double EvaluationsPerSecondCeiling { get; init; }

    /// <summary>The time of an evaluation over its floor.</summary>
    public required double EvaluationOverFloor { get; init; }

    /// <summary>Images sampled in a second, in batches of 1,000.</summary>
    public required double SampleImagesPerSecond { get; init; }

    /// <summary>Seconds that an image takes which the model draws.</summary>
    public double SampleSecondsPerImage => 1 / SampleImagesPerSecond;

    /// <summary>The preset that sampling is measured against; null where none was named.</summary>
    public string? Against { get; init; }

    /// <summary>Seconds that an image of that preset's model takes.</summary>
    public double? AgainstSampleSecondsPerImage { get; init; }

    /// <summary>How many times as long an image takes as one of that preset's model.</summary>
    public double? SampleSecondsRatio => SampleSecondsPerImage / AgainstSampleSecondsPerImage;

    /// <summary>Tensors that are alive after a step and were not before it, mean over the steps: 0 where nothing leaks.</summary>
    public required double LiveTensorsPerStep { get; init; }

    /// <summary>Growth of the resident memory over the steps that were measured, in MiB.</summary>
    public required double MemoryGrowthMiB { get; init; }

    /// <summary>The most resident memory of the process, in MiB.</summary>
    public required double PeakMemoryMiB { get; init; }

    /// <summary>Training steps that were measured.</summary>
    public required int Steps { get; init; }
}
