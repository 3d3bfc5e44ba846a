using Sere.Data;
using Sere.Numerics;
using Sere.Runs.Pictures;
using Sere.Storage;
using TorchSharp;

namespace Sere.Runs;

/// <summary>
/// Images along paths through the latent space. A path runs in the noise of the prior, in which every layer is standard
/// normal, so that each of its points is as likely a priori as its neighbours; the noise of the data stays the same.
/// </summary>
public static class LatentPaths
{
    private const double Reach = 3;

    /// <summary>
    /// The way from one image to another, along the great circle between their posterior means: a sum of two standard
    /// normal vectors would be too short, and its image too average.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="from">One image of the model's shape.</param>
    /// <param name="to">Another.</param>
    /// <param name="steps">Images on the way, both reconstructions included; at least 2.</param>
    /// <param name="seed">Seed of the binarization and of the data.</param>
    /// <returns>The first image, the images on the way, the second image.</returns>
    /// <exception cref="SereException">An image has another shape, or the model has no latents.</exception>
    public static ImageBatch Interpolate(TrainedModel model, ImageSet from, ImageSet to, int steps, long seed = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 2);
        model.RequireFit(from);
        model.RequireFit(to);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var streams = new RandomStreams(seed);
        var ends = torch.cat([model.Prepare(from, streams), model.Prepare(to, streams)]);
        var noise = model.Model.LatentNoise(ends);
        var path = model.Draw(GreatCircle(noise[0], noise[1], steps), streams);
        var originals = model.ToPictures(ends);
        int size = model.Shape.Dimensions;
        return new ImageBatch(
            (float[])[.. originals.Values.Span[..size], .. path.Values.Span, .. originals.Values.Span[size..]],
            steps + 2,
            path.Channels,
            path.Height,
            path.Width);
    }

    /// <summary>What each latent of a layer does to a drawn image, from -3 to 3 standard deviations of the prior.</summary>
    /// <param name="model">The model.</param>
    /// <param name="layer">The layer, from 0.</param>
    /// <param name="steps">Images for each latent; at least 2.</param>
    /// <param name="seed">The image is the first that <see cref="TrainedModel.Sample"/> draws with this seed.</param>
    /// <returns>Row by row: the images of the layer's first latent, of its second, and so on.</returns>
    /// <exception cref="UsageException">The model has no such layer.</exception>
    public static ImageBatch Traverse(TrainedModel model, int layer, int steps, long seed = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 2);
        var latents = model.Model.LatentsPerLayer;
        if (layer < 0 || layer >= latents.Count)
        {
            throw new UsageException(latents.Count == 0
                ? "The model has no layers of latents to traverse; name a run of another model."
                : $"The model has no layer {layer}; name one from 0 to {latents.Count - 1}.");
        }

        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var streams = new RandomStreams(seed);
        var rows = model.SampleNoise(streams, 0, 1).repeat(latents[layer] * steps, 1);
        var places = torch.linspace(-Reach, Reach, steps, device: model.Device);
        int first = latents.Take(layer).Sum();
        for (int latent = 0; latent < latents[layer]; latent++)
        {
            rows.narrow(0, latent * steps, steps).select(1, first + latent).copy_(places);
        }

        return model.Draw(rows, streams);
    }

    /// <summary>The image that is drawn first with a seed, with some of its latents replaced.</summary>
    /// <param name="model">The model.</param>
    /// <param name="seed">As for <see cref="TrainedModel.Sample"/>.</param>
    /// <param name="changes">What replaces them, in standard deviations of the prior; the last counts.</param>
    /// <returns>The base latents eps of each layer, and the image.</returns>
    /// <exception cref="UsageException">The model has no such latent.</exception>
    internal static (float[][] Latents, ImageBatch Image) Vary(
        TrainedModel model, long seed, IReadOnlyList<(int Layer, int Latent, double Value)> changes)
    {
        var sizes = model.Model.LatentsPerLayer;
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var streams = new RandomStreams(seed);
        var noise = model.SampleNoise(streams, 0, 1);
        foreach (var (layer, latent, value) in changes)
        {
            if (layer < 0 || layer >= sizes.Count || latent < 0 || latent >= sizes[layer])
            {
                throw new UsageException($"The model has no latent {latent} in a layer {layer}.");
            }

            noise.select(1, sizes.Take(layer).Sum() + latent).FillInPlace(value);
        }

        var values = noise.cpu().data<float>().ToArray();
        return ([.. sizes.Select((size, layer) => values[sizes.Take(layer).Sum()..][..size])], model.Draw(noise, streams));
    }

    /// <summary>Directions along the great circle, lengths along the straight line: [steps, N].</summary>
    internal static torch.Tensor GreatCircle(torch.Tensor from, torch.Tensor to, int steps)
    {
        var (fromLength, toLength) = (from.norm(), to.norm());
        var share = torch.linspace(0, 1, steps, device: from.device).unsqueeze(1);
        var angle = ((from * to).sum() / (fromLength * toLength)).Clamp(-1, 1).acos();

        // Where there is no great circle, or many, the straight line; an angle with nothing is not a number.
        if (!(angle.sin().item<float>() > 1e-3f))
        {
            return from.Plus((to - from) * share);
        }

        var (near, far) = (((-share).Plus(1) * angle).sin(), (share * angle).sin());
        var direction = (near * (from / fromLength)).Plus(far * (to / toLength)) / angle.sin();
        return direction * fromLength.Plus((toLength - fromLength) * share);
    }
}

/// <summary>The codes z of images: what a model makes of them, for use elsewhere.</summary>
public sealed class ImageCodes
{
    internal ImageCodes(float[] values, int images, IReadOnlyList<int> latentsPerLayer)
    {
        Values = values;
        Images = images;
        LatentsPerLayer = latentsPerLayer;
    }

    /// <summary>Image by image, z_1..z_L after each other: Images x (N_1 + ... + N_L).</summary>
    public float[] Values { get; }

    /// <summary>How many images there are.</summary>
    public int Images { get; }

    /// <summary>N_1..N_L.</summary>
    public IReadOnlyList<int> LatentsPerLayer { get; }

    /// <summary>
    /// Writes a .npy file with one array [Images, N_1 + ... + N_L], or a .npz file with an array layer0, layer1, ...
    /// [Images, N_l] for each layer.
    /// </summary>
    /// <param name="path">The file; its ending says which.</param>
    /// <exception cref="SereException">It cannot be written.</exception>
    public void Write(string path)
    {
        if (!path.EndsWith(".npz", StringComparison.OrdinalIgnoreCase))
        {
            NpyFile.Write(path, new NpyArray(Values, Images, LatentsPerLayer.Sum()));
            return;
        }

        NpzFile.Write(path, Enumerable.Range(0, LatentsPerLayer.Count).Select(layer => ($"layer{layer}", Layer(layer))));
    }

    private NpyArray Layer(int layer)
    {
        int total = LatentsPerLayer.Sum();
        int start = LatentsPerLayer.Take(layer).Sum();
        int latents = LatentsPerLayer[layer];
        float[] values = new float[Images * latents];
        for (int image = 0; image < Images; image++)
        {
            Values.AsSpan((image * total) + start, latents).CopyTo(values.AsSpan(image * latents));
        }

        return new NpyArray(values, Images, latents);
    }
}
