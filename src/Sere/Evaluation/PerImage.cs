using Sere.Data;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Evaluation;

/// <summary>A number for each image, computed in batches on the data that models are evaluated on.</summary>
internal static class PerImage
{
    private const int ImagesAtOnce = 1000;

    /// <summary>The numbers of all images, in their order.</summary>
    /// <param name="images">The images.</param>
    /// <param name="binarization">How grey values become data.</param>
    /// <param name="seed">Seed of the evaluation.</param>
    /// <param name="device">Where to compute; null for the CPU.</param>
    /// <param name="numbers">From data [B, D] to the numbers [B].</param>
    public static double[] Compute(
        ImageSet images,
        BinarizationRule binarization,
        long seed,
        torch.Device? device,
        Func<torch.Tensor, torch.Tensor> numbers)
    {
        using var noGrad = torch.no_grad();
        double[] result = new double[images.Count];
        for (int first = 0; first < images.Count; first += ImagesAtOnce)
        {
            using var scope = torch.NewDisposeScope();
            int count = Math.Min(ImagesAtOnce, images.Count - first);
            var grey = images.Slice(first, count).ToTensor().to(device ?? torch.CPU);
            var x = Binarization.EvaluationImages(grey, first, binarization, new RandomStreams(seed));
            numbers(x).to(torch.ScalarType.Float64).cpu().data<double>().CopyTo(result, first);
        }

        return result;
    }
}
