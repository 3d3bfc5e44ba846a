using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>
/// Several multilayer perceptrons of one input, and their gradients. A thread takes some rows through a whole network, or a
/// whole network back, so that threads meet once a pass and not once a product: where the products are as small as the
/// chain's, meeting took longer than computing (docs/performance.md).
/// </summary>
internal static class NetworksKernel
{
    /// <summary>The values of all layers of all networks.</summary>
    /// <param name="x">[R, I], contiguous.</param>
    /// <param name="networks">Their parameters.</param>
    /// <param name="activations">Activations of their hidden layers.</param>
    /// <returns>For each network, of each layer: [R, O].</returns>
    public static torch.Tensor[][] Forward(torch.Tensor x, NetworkTensors[] networks, ActivationRows[] activations)
    {
        int rows = (int)x.shape[0];
        torch.Tensor[][] values =
            [.. networks.Select(network => network.Biases.Select(bias => torch.empty([rows, bias.shape[0]])).ToArray())];
        var passes = Passes(x, networks, activations, values);
        int blocks = PerceptronKernel.Blocks(networks.Length, rows);
        ParallelWork.For(networks.Length * blocks, Elements(networks, rows), piece =>
        {
            int block = piece % blocks;
            passes[piece / blocks].Forward(
                (int)((long)rows * block / blocks), (int)((long)rows * (block + 1) / blocks));
        });
        GC.KeepAlive((x, networks, values));
        return values;
    }

    /// <summary>The gradients of all parameters, and of x.</summary>
    /// <param name="x">As in the forward pass.</param>
    /// <param name="networks">As in the forward pass.</param>
    /// <param name="activations">As in the forward pass.</param>
    /// <param name="values">What the forward pass gave.</param>
    /// <param name="gradients">Gradients of the values of the last layers, [R, O], contiguous.</param>
    /// <returns>The parameters' gradients of each network, and that of x, [R, I].</returns>
    public static (NetworkTensors[] Parameters, torch.Tensor Input) Backward(
        torch.Tensor x,
        NetworkTensors[] networks,
        ActivationRows[] activations,
        torch.Tensor[][] values,
        torch.Tensor[] gradients)
    {
        int rows = (int)x.shape[0];
        var parameters = networks.Select(Like).ToArray();
        var inputs = networks.Select(_ => torch.empty_like(x)).ToArray();
        torch.Tensor[][] hidden = [.. values.Select(layers => layers.SkipLast(1).Select(value => torch.empty_like(value)).ToArray())];
        var passes = Passes(x, networks, activations, values);
        ParallelWork.For(networks.Length, 2 * Elements(networks, rows), network => passes[network].Backward(
            rows, gradients[network], hidden[network], parameters[network], inputs[network]));
        GC.KeepAlive((x, networks, values));
        return (parameters, inputs.Aggregate((sum, gradient) => sum.PlusInPlace(gradient)));
    }

    private static NetworkPass[] Passes(
        torch.Tensor x, NetworkTensors[] networks, ActivationRows[] activations, torch.Tensor[][] values) =>
    [
        .. networks.Select((network, index) => new NetworkPass(x, network, activations[index], values[index])),
    ];

    private static NetworkTensors Like(NetworkTensors network) => new(
        [.. network.Weights.Select(weight => torch.empty(weight.shape))],
        [.. network.Biases.Select(bias => torch.empty(bias.shape))]);

    private static long Elements(NetworkTensors[] networks, int rows) =>
        networks.Sum(network => network.Weights.Sum(weight => weight.numel()))
        * rows * 2 / PerceptronKernel.OperationsPerElement;
}
