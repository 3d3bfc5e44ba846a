using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Sere.Data;
using Sere.Features;
using Sere.Numerics;
using static TorchSharp.torch;

namespace Sere.Peers.Novelty;

/// <summary>The images of a folder and what a ResNet-18 sees in them.</summary>
/// <param name="Images">Bytes.</param>
/// <param name="Places">[N, 384, 14, 14]: the features of the second stage, averaged over 2 x 2 places, and of the third.</param>
/// <param name="Pooled">[N, 512]: the features of the last stage, averaged over all places.</param>
internal sealed record ImagesWithFeatures(ImageSet Images, Tensor Places, Tensor Pooled)
{
    private const int PlaceValues = 384 * 14 * 14;

    private static readonly ResNet18Layer[] Layers = [ResNet18Layer.Places28, ResNet18Layer.Places14, ResNet18Layer.Pooled];

    /// <summary>Pixels in [0, 1], [N, channels, height, width], float64.</summary>
    public Tensor Pixels() => tensor(
        Images.Pixels, [Images.Count, Images.Shape.Channels, Images.Shape.Height, Images.Shape.Width]).to(float64)
        .Over(255.0);

    /// <summary>Reads a folder; features that were computed before of the same pixels come from the cache.</summary>
    public static ImagesWithFeatures Read(string folder, string cache, Lazy<ResNet18> network)
    {
        var images = ImageFolderReader.Read(folder);
        byte[] shape = System.Text.Encoding.ASCII.GetBytes($"{images.Shape}");
        string file = Path.Combine(cache, Convert.ToHexStringLower(SHA256.HashData([.. shape, .. images.Pixels])) + ".f32");
        float[] values = new float[images.Count * (PlaceValues + 512)];
        if (File.Exists(file) && new FileInfo(file).Length == sizeof(float) * (long)values.Length)
        {
            MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(file)).CopyTo(values);
        }
        else
        {
            Extract(images, network.Value, folder).CopyTo(values, 0);
            Directory.CreateDirectory(cache);
            File.WriteAllBytes(file + ".part", MemoryMarshal.AsBytes(values.AsSpan()));
            File.Move(file + ".part", file, overwrite: true);
        }

        int places = images.Count * PlaceValues;
        return new ImagesWithFeatures(
            images,
            tensor(values.AsSpan(0, places).ToArray(), [images.Count, 384, 14, 14]),
            tensor(values.AsSpan(places).ToArray(), [images.Count, 512]));
    }

    private static float[] Extract(ImageSet images, ResNet18 network, string folder)
    {
        Console.Error.WriteLine($"features of {images.Count} images of {folder}");
        using var scope = NewDisposeScope();
        var features = network.Extract(images, Layers);
        var fine = nn.functional.avg_pool2d(tensor(features[0].Values, [images.Count, 128, 28, 28]), 2);
        var coarse = tensor(features[1].Values, [images.Count, 256, 14, 14]);
        return [.. cat([fine, coarse], 1).data<float>().ToArray(), .. features[2].Values];
    }
}
