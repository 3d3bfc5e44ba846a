using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// The data-dependent start of weight normalization (Salimans and Kingma 2016): one batch goes through the model, and each
/// normalized layer, when it is reached, sets its scales and biases so that its outputs on that batch have mean 0 and the
/// standard deviation that it starts with.
/// </summary>
public static class DataDependentStart
{
    /// <summary>Whether a module has a layer that starts from data.</summary>
    public static bool IsUsedBy(torch.nn.Module module) => Layers(module).Any();

    /// <summary>Sets the scales and biases of all such layers of a module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="forward">Computes the module's outputs on the batch.</param>
    public static void Run(torch.nn.Module module, Action forward)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(forward);
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var layers = Layers(module).ToArray();
        try
        {
            foreach (var layer in layers)
            {
                layer.IsStarting = true;
            }

            forward();
        }
        finally
        {
            foreach (var layer in layers)
            {
                layer.IsStarting = false;
            }
        }
    }

    private static IEnumerable<StackedConvolution> Layers(torch.nn.Module module) =>
        module.modules().Prepend(module).OfType<StackedConvolution>().Where(layer => layer.Scale is not null);
}
