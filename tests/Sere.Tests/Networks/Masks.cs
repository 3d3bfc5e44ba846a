using Sere.Networks;
using TorchSharp;

namespace Sere.Tests.Networks;

internal static class Masks
{
    /// <summary>Which input may reach which parameter, as the product of the masks: [P D, D], greater than 0 where it may.</summary>
    public static torch.Tensor Product(ConditionalMade made) => made.Weights()
        .Select(weight => weight.Mask.Ones(weight.Weight).squeeze(0).t())
        .Aggregate((product, mask) => mask.mm(product));
}
