using Sere.Kernels;
using Sere.Numerics;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Networks;

/// <summary>The form of a DRAW network (Gregor et al. 2015).</summary>
/// <param name="Latents">N of each step.</param>
/// <param name="Hidden">Size of both recurrent networks.</param>
/// <param name="ReadSize">Side of the grid of filters that reads.</param>
/// <param name="WriteSize">Side of the grid that writes.</param>
internal sealed record DrawSettings(int Latents, int Hidden, int ReadSize, int WriteSize);

/// <summary>
/// The decoder of DRAW: a recurrent network of the codes that adds to a canvas, step by step. The last canvas are the
/// parameters of the data.
/// </summary>
internal sealed class DrawDecoder : torch.nn.Module
{
    // Small enough that training starts near the first canvas, large enough that codes count.
    private const double PatchGain = 0.5;
    private readonly LstmCell _cell;
    private readonly Mlp _patch;
    private readonly Mlp _place;
    private readonly Parameter _canvas;
    private readonly GaussianAttention _attention;
    private readonly int _hidden;

    /// <summary>A decoder with freshly drawn parameters.</summary>
    /// <param name="settings">Its form.</param>
    /// <param name="canvas">What the canvas stands for.</param>
    /// <param name="initializer">Draws the weights.</param>
    public DrawDecoder(DrawSettings settings, FeatureShape canvas, ParameterInitializer initializer)
        : base(nameof(DrawDecoder))
    {
        _hidden = settings.Hidden;
        _attention = new GaussianAttention(settings.WriteSize, canvas);
        _cell = new LstmCell(settings.Latents, settings.Hidden, initializer);

        // A filter spreads its number over the places from it to the next.
        double gain = PatchGain * _attention.EvenStride * _attention.EvenStride;
        _patch = new Mlp(settings.Hidden, [], _attention.PatchSize, Activation.Tanh, initializer, gain);
        _place = new Mlp(settings.Hidden, [], GaussianAttention.Parameters, Activation.Tanh, initializer);
        _canvas = initializer.Constant(0, canvas.Size);
        register_module("cell", _cell);
        register_module("patch", _patch);
        register_module("place", _place);
        register_parameter("canvas", _canvas);
    }

    /// <summary>Before the first code.</summary>
    public DrawState Start()
    {
        var zeros = torch.zeros([_hidden], _canvas.dtype, _canvas.device);
        return new DrawState(zeros, zeros, _canvas.alias());
    }

    /// <summary>What a code, [..., N], adds.</summary>
    public DrawState Next(DrawState before, torch.Tensor code)
    {
        var (hidden, cell) = _cell.Forward(code, before.Hidden, before.Cell);
        var added = _attention.Bind(_place.Forward(hidden)).Write(_patch.Forward(hidden));
        return new DrawState(hidden, cell, before.Canvas.Plus(added));
    }

    /// <summary>Sets the first canvas.</summary>
    public void InitializeOutput(torch.Tensor canvas) => _canvas.copy_(canvas);
}

/// <summary>Where a decoder of DRAW stands.</summary>
/// <param name="Hidden">[..., H].</param>
/// <param name="Cell">[..., H].</param>
/// <param name="Canvas">Unconstrained parameters of the data, [..., P D].</param>
internal sealed record DrawState(torch.Tensor Hidden, torch.Tensor Cell, torch.Tensor Canvas);
