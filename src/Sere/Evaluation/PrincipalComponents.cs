using Sere.Data;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Evaluation;

/// <summary>
/// Probabilistic principal components (Tipping and Bishop 1999): the linear model of images, of which a part that is missing
/// or added is what the components leave. Beside a model whose pixels know their neighbours it sees what is wrong at large.
/// </summary>
/// <param name="Mean">The mean image, [D].</param>
/// <param name="Axes">The components, orthonormal, one after the other: [q D].</param>
internal sealed record PrincipalComponents(float[] Mean, float[] Axes)
{
    private const int MostImages = 2000;

    // Half a gigabyte in float64, and some twenty megabytes of a run.
    private const long MostValues = 1L << 26;
    private const long MostAxisValues = 4_000_000;

    // Their number is chosen by the likelihood of images that they are not of.
    private static readonly int[] Numbers = [0, 2, 5, 10, 20, 40, 80, 160];

    /// <summary>Fits the first training images; other images choose how many components there are.</summary>
    public static PrincipalComponents Fit(ImageSet training, ImageSet validation)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        ThreadTuner.RequireAll();
        int most = (int)Math.Clamp(MostValues / training.Shape.Dimensions, 2, MostImages);
        var data = Levels(training.Slice(0, Math.Min(most, training.Count)));
        var held = Levels(validation.Slice(0, Math.Min(most, validation.Count)));
        var mean = data.mean([0]);
        var centered = data - mean;
        var others = held - mean;
        long images = centered.shape[0];
        long dimensions = centered.shape[1];

        // Of the smaller of the two matrices of products, which have the same eigenvalues but for zeros.
        bool byImages = images <= dimensions;
        var (products, vectors) = torch.linalg.eigh(byImages ? centered.matmul(centered.t()) : centered.t().matmul(centered));
        var variances = products.flip(0).ClampBelow(0).Over(images);
        double all = variances.sum().item<double>();
        int largest = (int)Math.Min(
            Math.Min(images - 1, dimensions - 1), Math.Min(Numbers[^1], Math.Max(1, MostAxisValues / dimensions)));
        vectors = vectors.flip(1).narrow(1, 0, largest);
        var axes = byImages ? centered.t().matmul(vectors) : vectors;
        axes = axes / axes.norm(0, keepdim: true).ClampBelow(double.Epsilon);
        var squares = others.matmul(axes).Square();
        var lengths = others.Square().sum(-1);
        var (best, chosen) = (double.NegativeInfinity, 0);
        foreach (int number in Numbers.Where(number => number <= largest))
        {
            var kept = variances.narrow(0, 0, number);
            double noise = Math.Max((all - kept.sum().item<double>()) / (dimensions - number), 1e-12);
            var along = squares.narrow(1, 0, number);
            double score = -(kept.ClampBelow(noise).log().sum().item<double>() + ((dimensions - number) * Math.Log(noise))
                + (along / kept.ClampBelow(noise)).sum(-1).Plus((lengths - along.sum(-1)).Over(noise)).mean().item<double>());
            (best, chosen) = score > best ? (score, number) : (best, chosen);
        }

        return new PrincipalComponents(
            [.. mean.to(torch.ScalarType.Float32).data<float>()],
            [.. axes.narrow(1, 0, chosen).t().contiguous().to(torch.ScalarType.Float32).data<float>()]);
    }

    /// <summary>
    /// What the components leave of an image: the mean over its channels of the squared residuals of each pixel, [H W].
    /// </summary>
    public float[] Residual(ImageSet image)
    {
        // In one order of summation: the bits depend neither on threads nor on where memory lies.
        double[] residual = new double[Mean.Length];
        for (int i = 0; i < residual.Length; i++)
        {
            residual[i] = (image.IsReal ? image.Values[i] : image.Pixels[i] / 255.0) - Mean[i];
        }

        for (int start = 0; start < Axes.Length; start += residual.Length)
        {
            var axis = Axes.AsSpan(start, residual.Length);
            double along = 0;
            for (int i = 0; i < axis.Length; i++)
            {
                along += axis[i] * residual[i];
            }

            for (int i = 0; i < axis.Length; i++)
            {
                residual[i] -= along * axis[i];
            }
        }

        float[] squares = new float[residual.Length / image.Shape.Channels];
        for (int i = 0; i < residual.Length; i++)
        {
            squares[i % squares.Length] += (float)(residual[i] * residual[i] / image.Shape.Channels);
        }

        return squares;
    }

    /// <summary>Grey values in [0, 1], or real values as they are, [N, D] in float64.</summary>
    private static torch.Tensor Levels(ImageSet images) => images.IsReal
        ? images.ToTensor().to(torch.ScalarType.Float64)
        : images.ToTensor().to(torch.ScalarType.Float64).Over(255.0);
}
