using Sere.Data;
using Sere.Hierarchies;
using Sere.Models;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Evaluation;

/// <summary>
/// What a model says of one image beside how likely it is: figures whose density among normal images tells whether it is one
/// of them (density of states, Morningstar et al. 2021), and where it surprises.
/// </summary>
/// <param name="Figures">The figures by name.</param>
/// <param name="Surprise">
/// For each pixel the nats by which it surprises more than a draw of the model in its place, mean over posterior draws, [H W];
/// null where the model gives pixels no distributions of their own.
/// </param>
/// <param name="Codes">Its codes on the path of posterior means, one of each binarization; none where the model has none.</param>
internal sealed record ImageExamination(
    IReadOnlyDictionary<string, double> Figures, float[]? Surprise, IReadOnlyList<float[]> Codes)
{
    /// <summary>Posterior draws of an examination, and of a random binarization.</summary>
    public const int Draws = 4;

    // Beyond this many standard deviations a pixel is strange for certain; more must not hide its neighbours.
    private const double LargestDeviation = 6;

    /// <summary>Sides of the windows over which pixels are strange together: faults are small, and of several sizes.</summary>
    public static readonly int[] Sides = [3, 5, 9];

    /// <summary>The bound by so many draws, in nats.</summary>
    public static readonly string Elbo = $"elbo_{Draws}";

    /// <summary>Examines one image. The same noise is used for every image, so that it is a function of the image alone.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="shape">The image's shape.</param>
    /// <param name="x">
    /// The image, [B, D]: one for all draws, or <see cref="Draws"/> where it is binarized anew for each.
    /// </param>
    /// <param name="seed">Seed of the posterior draws.</param>
    public static ImageExamination Of(DensityModel model, ImageShape shape, torch.Tensor x, long seed)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        using var generator = new RandomStreams(seed).Open(StreamPurpose.Examination);
        long images = x.shape[0];
        var noise = torch.randn([Draws / images, images, model.NoiseSize], generator: generator).to(x.device);
        var uniform = torch.rand([Draws, model.Dimensions], generator: generator).to(x.device);
        var batch = model.Encode(x);
        var steps = model.Hierarchy.Infer(batch.Evidence, noise);
        torch.Tensor[] codes = [.. steps.Select(step => step.Code)];
        var surprise = model.Likelihood.Surprise(codes, batch.Data, uniform);
        double logLikelihood = Mean(surprise?.LogLikelihood ?? model.Likelihood.LogProb(codes, batch.Data));
        double[] divergences = [.. steps.Select(step => Mean(step.Kl))];
        var figures = new Dictionary<string, double>(StringComparer.Ordinal) { [Elbo] = logLikelihood - divergences.Sum() };
        if (model.Layers > 0)
        {
            figures["reconstruction"] = -logLikelihood;
            foreach (var (layer, divergence) in divergences.Index())
            {
                figures[$"kl_{layer + 1}"] = divergence;
            }
        }

        if (model.Layers > 1)
        {
            figures[$"llr_{PriorLayers(model)}"] = figures[Elbo] - PartlyFromPrior(model, batch, noise);
        }

        // The path of posterior means knows no draws; pixels without latents have no code at all.
        IReadOnlyList<float[]> meanCodes = [];
        if (model.CodeSizes.Count > 0)
        {
            var (means, meanNoise) = model.CodesAndNoise(batch);
            figures["code_norm"] = Mean(meanNoise.narrow(0, 0, 1).Square().sum(-1));
            meanCodes = [.. means.cpu().data<float>().ToArray().Chunk((int)means.shape[1])];
        }

        if (surprise is null)
        {
            return new ImageExamination(figures, null, meanCodes);
        }

        float[] deviations =
        [
            .. surprise.Standardized.Clamp(-LargestDeviation, LargestDeviation).cpu().data<float>(),
        ];
        foreach (int side in Sides)
        {
            figures[$"shift_{side}"] = Enumerable.Range(0, shape.Channels).Max(channel =>
            {
                int pixels = shape.Height * shape.Width;
                var plane = deviations.AsSpan(channel * pixels, pixels);
                var (smallest, largest) = WindowMeans.Extremes(plane, shape.Width, side);
                return Math.Max(-smallest, largest);
            });
        }

        return new ImageExamination(
            figures, [.. surprise.Excess.view(shape.Channels, -1).sum([0]).cpu().data<float>()], meanCodes);
    }

    /// <summary>k: how many of the last layers come from the prior in LLR^{>k}.</summary>
    private static int PriorLayers(DensityModel model) => model.Layers / 2;

    /// <summary>
    /// L^{>k}, the bound with the last k layers from the prior: what the codes above alone say of x (Havtorn et al. 2021).
    /// </summary>
    private static double PartlyFromPrior(DensityModel model, EncodedBatch batch, torch.Tensor noise)
    {
        int inferred = model.Layers - PriorLayers(model);
        var parts = noise.split([.. model.LatentsPerLayer.Select(latents => (long)latents)], -1);
        var steps = model.Hierarchy.Walk(layer => layer < inferred
            ? new LatentSource.Posterior(batch.Evidence[layer], parts[layer])
            : new LatentSource.Prior(parts[layer]));
        return Mean(model.Likelihood.LogProb([.. steps.Select(step => step.Code)], batch.Data))
            - steps.Take(inferred).Sum(step => Mean(step.Kl));
    }

    private static double Mean(torch.Tensor values) => values.to(torch.ScalarType.Float64).mean().item<double>();
}
