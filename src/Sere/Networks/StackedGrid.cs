using TorchSharp;

namespace Sere.Networks;

/// <summary>Between flat features of a stack, [S, R, C H W], and the form of a grouped convolution, [R, S C, H, W].</summary>
internal static class StackedGrid
{
    /// <summary>[S, R, C H W] to [R, S C, H, W].</summary>
    public static torch.Tensor FromFlat(torch.Tensor x, FeatureShape shape) =>
        x.transpose(0, 1).reshape(x.shape[1], -1, shape.Height, shape.Width);

    /// <summary>[R, S C, H, W] to [S, R, C H W].</summary>
    public static torch.Tensor ToFlat(torch.Tensor x, int stack) =>
        x.reshape(x.shape[0], stack, -1).transpose(0, 1).contiguous();
}
