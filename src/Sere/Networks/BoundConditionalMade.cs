using Sere.Numerics.Kernels;
using TorchSharp;

namespace Sere.Networks;

/// <summary>
/// A <see cref="ConditionalMade"/> bound to a context: what depends on the context and on the weights alone is computed once
/// for all passes. It ends with these weights: once they have changed, it is refused (<see cref="WeightsClock"/>).
/// </summary>
public sealed class BoundConditionalMade
{
    private readonly ConditionalMade _made;
    private readonly IReadOnlyList<torch.Tensor> _prepared;

    // Of each layer the corners of its weight for our kernel, or the masked weight for the plain form.
    private readonly torch.Tensor?[] _corners;
    private readonly torch.Tensor?[] _masked;
    private readonly (int Thread, long Changes) _bound = WeightsClock.Now;

    /// <summary>A network and what its context gives to each layer.</summary>
    internal BoundConditionalMade(ConditionalMade made, IReadOnlyList<torch.Tensor> prepared)
    {
        _made = made;
        _prepared = prepared;
        int layers = prepared.Count;
        (_corners, _masked) = (new torch.Tensor?[layers], new torch.Tensor?[layers]);
        for (int layer = 0; layer < layers; layer++)
        {
            if (MaskedPerceptronFunction.Takes(made.Weight(layer), made.Weight(layer), Activation(layer)))
            {
                _corners[layer] = MaskedPerceptronKernel.Corners(made.Weight(layer), made.Staircase(layer));
            }
            else
            {
                _masked[layer] = Masked(layer);
            }
        }
    }

    /// <summary>The parameters of each input: all first ones, then all second ones.</summary>
    /// <param name="x">[..., D], whose leading dimensions broadcast against those of the context.</param>
    /// <returns>[..., P D].</returns>
    /// <exception cref="InvalidOperationException">The weights have changed since the network was bound.</exception>
    public torch.Tensor Forward(torch.Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        RequireSameWeights();
        int inputs = _made.Inputs;
        if (x.shape[^1] != inputs)
        {
            throw new ArgumentException(
                $"The network takes inputs of shape [..., {inputs}], not [{string.Join(", ", x.shape)}].", nameof(x));
        }

        var prepared = _prepared;
        long[] context = _made.HasContext ? prepared[0].shape[..^1] : [];
        long[] leading = x.shape[..^1];
        if (!leading.AsSpan().EndsWith(context))
        {
            // The context has dimensions that the input lacks.
            leading = torch.broadcast_tensors(x.select(-1, 0), prepared[0].select(-1, 0))[0].shape;
            x = x.expand([.. leading, inputs]);
            prepared = [.. prepared.Select(part => part.expand([.. leading, part.shape[^1]]))];
        }

        var rows = x.reshape(-1, inputs);
        for (int layer = 0; layer < prepared.Count; layer++)
        {
            rows = Layer(rows, layer, prepared[layer]);
        }

        return rows.view([.. leading, rows.shape[^1]]);
    }

    /// <summary>The network for inputs that become known one after the other.</summary>
    /// <param name="like">Inputs of the shape [R, D]; the context is of one row, or of R.</param>
    internal SequentialMade Sequential(torch.Tensor like)
    {
        RequireSameWeights();
        return new SequentialMade(
            [.. _masked.Select((weight, layer) => weight ?? Masked(layer))],
            _prepared,
            _made.Activation,
            _made.HiddenDegrees,
            _made.ParametersPerInput,
            like);
    }

    // A part of an earlier weight beside a later one would be a wrong number.
    private void RequireSameWeights()
    {
        var now = WeightsClock.Now;
        if (now.Thread == _bound.Thread && now.Changes != _bound.Changes)
        {
            throw new InvalidOperationException("The weights have changed since this network was bound; bind it again.");
        }
    }

    private torch.Tensor Layer(torch.Tensor rows, int layer, torch.Tensor prepared)
    {
        var activation = Activation(layer);
        if (_corners[layer] is { } corners && MaskedPerceptronFunction.Takes(rows, _made.Weight(layer), activation))
        {
            return MaskedPerceptronFunction.Apply(
                rows,
                _made.Weight(layer).squeeze(0),
                corners,
                _made.Staircase(layer),
                _made.HasContext ? null : prepared.view(-1),
                _made.HasContext ? prepared.reshape(-1, prepared.shape[^1]) : null,
                activation);
        }

        return PerceptronLayer.Stacked(
            rows.unsqueeze(0),
            _masked[layer] ?? Masked(layer),
            _made.HasContext ? null : prepared,
            activation,
            _made.HasContext ? prepared.reshape(1, -1, prepared.shape[^1]) : null).squeeze(0);
    }

    private Activation? Activation(int layer) => layer < _prepared.Count - 1 ? _made.Activation : null;

    private torch.Tensor Masked(int layer) => _made.Weight(layer) * _made.Mask(layer);
}

/// <summary>Counts on each thread how often weights were changed in place, by which what was bound before is told.</summary>
internal static class WeightsClock
{
    [ThreadStatic]
    private static long _changes;

    /// <summary>The thread, and how often weights were changed on it.</summary>
    public static (int Thread, long Changes) Now => (Environment.CurrentManagedThreadId, _changes);

    /// <summary>To be called with every change.</summary>
    public static void Advance() => _changes++;
}
