using Sere.Numerics;
using TorchSharp;

namespace Sere.Tests.Laws;

/// <summary>Sets the parameters of a module under test.</summary>
internal static class Parameters
{
    /// <summary>
    /// Gives every parameter random values: those that start at zero, or equal for all of a stack, would hide mistakes.
    /// </summary>
    public static void Randomize(torch.nn.Module module, long seed)
    {
        using var noGrad = torch.no_grad();
        foreach (var parameter in module.parameters())
        {
            parameter.copy_(Float64.Normal(seed++, parameter.shape).Times(0.5));
        }
    }
}
