using Sere.Storage;

namespace Sere.Runs;

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
        ArgumentException.ThrowIfNullOrEmpty(path);
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
