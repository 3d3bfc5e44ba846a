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
        int dimensions = training.Shape.Dimensions;
        int most = (int)Math.Clamp(MostValues / dimensions, 2, MostImages);
        var found = Decompose(
            training.Slice(0, Math.Min(most, training.Count)),
            (int)Math.Min(Numbers[^1], Math.Max(1, MostAxisValues / dimensions)));
        var others = Levels(validation.Slice(0, Math.Min(most, validation.Count))) - found.Mean;
        var squares = others.matmul(found.Axes).Square();
        var lengths = others.Square().sum(-1);
        var (best, chosen) = (double.NegativeInfinity, 0);
        foreach (int number in Numbers.Where(number => number <= found.Variances.shape[0]))
        {
            var kept = found.Variances.narrow(0, 0, number);
            double noise = Math.Max(found.Noise(number, dimensions), 1e-12);
            var along = squares.narrow(1, 0, number);
            double score = -(kept.ClampBelow(noise).log().sum().item<double>() + ((dimensions - number) * Math.Log(noise))
                + (along / kept.ClampBelow(noise)).sum(-1).Plus((lengths - along.sum(-1)).Over(noise)).mean().item<double>());
            (best, chosen) = score > best ? (score, number) : (best, chosen);
        }

        return found.Components(chosen);
    }

    /// <summary>Fits the first training images, as many as fit into half a gigabyte, by a given number of components.</summary>
    /// <returns>Also the variance along each component, and the mean variance of all other directions.</returns>
    public static (PrincipalComponents Components, double[] Variances, double Noise) Fit(ImageSet training, int number)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        int most = (int)Math.Min(training.Count, Math.Max(2, MostValues / training.Shape.Dimensions));
        var found = Decompose(training.Slice(0, most), number);
        number = (int)found.Variances.shape[0];
        return (found.Components(number), [.. found.Variances.data<double>()], found.Noise(number, training.Shape.Dimensions));
    }

    private static Decomposition Decompose(ImageSet training, int most)
    {
        ThreadTuner.RequireAll();
        var data = Levels(training);
        var mean = data.mean([0]);
        var centered = data - mean;
        long images = centered.shape[0];
        long dimensions = centered.shape[1];

        // Of the smaller of the two matrices of products, which have the same eigenvalues but for zeros.
        bool byImages = images <= dimensions;
        var (products, vectors) = torch.linalg.eigh(byImages ? centered.matmul(centered.t()) : centered.t().matmul(centered));
        var variances = products.flip(0).ClampBelow(0).Over(images);
        long number = Math.Min(Math.Min(images - 1, dimensions - 1), most);
        vectors = vectors.flip(1).narrow(1, 0, number);
        var axes = byImages ? centered.t().matmul(vectors) : vectors;
        axes = axes / axes.norm(0, keepdim: true).ClampBelow(double.Epsilon);
        return new Decomposition(mean, axes, variances.narrow(0, 0, number), variances.sum().item<double>());
    }

    /// <summary>
    /// What the components leave of an image: the mean over its channels of the squared residuals of each pixel, [H W].
    /// </summary>
    public float[] Residual(ImageSet image)
    {
        var (_, residual) = Project(image);
        float[] squares = new float[residual.Length / image.Shape.Channels];
        for (int i = 0; i < residual.Length; i++)
        {
            squares[i % squares.Length] += (float)(residual[i] * residual[i] / image.Shape.Channels);
        }

        return squares;
    }

    /// <summary>How far an image lies from the mean along each component, [q], and what they leave of it, [D].</summary>
    public (double[] Along, double[] Residual) Project(ImageSet image)
    {
        // In one order of summation: the bits depend neither on threads nor on where memory lies.
        double[] residual = new double[Mean.Length];
        for (int i = 0; i < residual.Length; i++)
        {
            residual[i] = (image.IsReal ? image.Values[i] : image.Pixels[i] / 255.0) - Mean[i];
        }

        double[] along = new double[Axes.Length / residual.Length];
        for (int component = 0; component < along.Length; component++)
        {
            var axis = Axes.AsSpan(component * residual.Length, residual.Length);
            for (int i = 0; i < axis.Length; i++)
            {
                along[component] += axis[i] * residual[i];
            }

            for (int i = 0; i < axis.Length; i++)
            {
                residual[i] -= along[component] * axis[i];
            }
        }

        return (along, residual);
    }

    /// <summary>Grey values in [0, 1], or real values as they are, [N, D] in float64.</summary>
    private static torch.Tensor Levels(ImageSet images) => images.IsReal
        ? images.ToTensor().to(torch.ScalarType.Float64)
        : images.ToTensor().to(torch.ScalarType.Float64).Over(255.0);

    /// <summary>Mean [D], leading components [D, q], the variances along them [q], and the variance along all directions.</summary>
    private sealed record Decomposition(torch.Tensor Mean, torch.Tensor Axes, torch.Tensor Variances, double Total)
    {
        /// <summary>The mean variance of all directions but the first components'.</summary>
        public double Noise(int number, int dimensions) =>
            (Total - Variances.narrow(0, 0, number).sum().item<double>()) / (dimensions - number);

        public PrincipalComponents Components(int number) => new(
            [.. Mean.to(torch.ScalarType.Float32).data<float>()],
            [.. Axes.narrow(1, 0, number).t().contiguous().to(torch.ScalarType.Float32).data<float>()]);
    }
}
