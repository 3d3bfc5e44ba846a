using System.Runtime.InteropServices;
using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>The rows of what a chain step takes.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly unsafe struct ChainStepRows
{
    private readonly bool _coupled;
    private readonly RowMemory _prior;
    private readonly RowMemory _bijector;
    private readonly RowMemory _meanResidual;
    private readonly RowMemory _logScaleResidual;
    private readonly RowMemory _noise;

    /// <summary>The rows of the inputs.</summary>
    /// <param name="inputs">What the step takes.</param>
    /// <param name="alive">To be passed to <see cref="GC.KeepAlive"/> when the rows were read.</param>
    public ChainStepRows(ChainStepInputs inputs, out object alive)
    {
        torch.Tensor? prior = null;
        _coupled = inputs.Prior is not null;
        if (inputs.Prior is not null)
        {
            _prior = RowMemory.Of(inputs.Prior, out prior);
        }

        _bijector = RowMemory.Of(inputs.Bijector, out var bijector);
        _meanResidual = RowMemory.Of(inputs.MeanResidual, out var meanResidual);
        _logScaleResidual = RowMemory.Of(inputs.LogScaleResidual, out var logScaleResidual);
        _noise = RowMemory.Of(inputs.Noise, out var noise);
        alive = (prior, bijector, meanResidual, logScaleResidual, noise);
    }

    /// <summary>A row.</summary>
    public ChainStepRow At(int row) => new(
        _coupled ? _prior.Row(row) : null,
        _bijector.Row(row),
        _meanResidual.Row(row),
        _logScaleResidual.Row(row),
        _noise.Row(row));
}
