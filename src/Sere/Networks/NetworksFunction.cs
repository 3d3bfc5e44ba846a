using Sere.Numerics;
using Sere.Numerics.Kernels;
using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// Several multilayer perceptrons of one input as one node of the graph. Equal to the perceptrons one after the other up to
/// rounding, values and gradients.
/// </summary>
internal sealed class NetworksFunction : torch.autograd.MultiTensorFunction<NetworksFunction>
{
    private const string NetworksKey = "networks";

    /// <inheritdoc/>
    public override string Name => nameof(NetworksFunction);

    /// <summary>Whether the node takes networks of an input with these activations.</summary>
    public static bool Takes(torch.Tensor x, NetworkTensors[] networks, IReadOnlyList<Activation> activations) =>
        Blas.IsAvailable
        && networks.Zip(activations).All(network => Array.TrueForAll(
            network.First.Weights, weight => PerceptronLayerFunction.Takes(x, weight, network.Second)));

    /// <summary>The outputs of all networks, each [R, O].</summary>
    /// <param name="x">[R, I].</param>
    /// <param name="networks">Their parameters.</param>
    /// <param name="activations">Activations of their hidden layers.</param>
    public static IReadOnlyList<torch.Tensor> Apply(
        torch.Tensor x, NetworkTensors[] networks, IReadOnlyList<Activation> activations)
    {
        x = x.contiguous();
        foreach (var network in networks)
        {
            for (int layer = 0; layer < network.Layers; layer++)
            {
                MatrixProductLog.Add(
                    1, x.shape[0], network.Inputs(layer), network.Outputs(layer), layer > 0 || x.requires_grad);
            }
        }

        ActivationRows[] rows = [.. activations.Select(activation => ((Activation?)activation).Rows())];
        return torch.is_grad_enabled()
            ? apply([x, .. networks.SelectMany(network => network.Weights.Concat(network.Biases)), networks, rows])
            : [.. NetworksKernel.Forward(x, networks, rows).Select(layers => layers[^1])];
    }

    /// <inheritdoc/>
    public override List<torch.Tensor> forward(torch.autograd.AutogradContext ctx, params object[] vars)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ArgumentNullException.ThrowIfNull(vars);
        var x = (torch.Tensor)vars[0];
        var (networks, rows) = ((NetworkTensors[])vars[^2], (ActivationRows[])vars[^1]);
        var values = NetworksKernel.Forward(x, networks, rows);
        ctx.save_for_backward([.. vars[..^2].Cast<torch.Tensor>(), .. values.SelectMany(layers => layers)]);
        ctx.save_data(NetworksKey, new Shape([.. networks.Select(network => network.Layers)], rows));
        return [.. values.Select(layers => layers[^1])];
    }

    /// <inheritdoc/>
    public override List<torch.Tensor> backward(torch.autograd.AutogradContext ctx, List<torch.Tensor> grad_outputs)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ArgumentNullException.ThrowIfNull(grad_outputs);
        var (layers, rows) = (Shape)ctx.get_data(NetworksKey)!;
        var saved = new Queue<torch.Tensor>(ctx.get_saved_variables());
        torch.Tensor[] Take(int count) => [.. Enumerable.Range(0, count).Select(_ => saved.Dequeue())];
        var x = saved.Dequeue();
        NetworkTensors[] networks = [.. layers.Select(count => new NetworkTensors(Take(count), Take(count)))];
        torch.Tensor[][] values = [.. layers.Select(Take)];
        var (parameters, input) = NetworksKernel.Backward(
            x, networks, rows, values, [.. grad_outputs.Select(gradient => gradient.contiguous())]);
        return [input, .. parameters.SelectMany(network => network.Weights.Concat(network.Biases)), null!, null!];
    }

    private sealed record Shape(int[] Layers, ActivationRows[] Rows);
}
