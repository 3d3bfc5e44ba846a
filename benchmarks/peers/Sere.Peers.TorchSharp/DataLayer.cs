using Sere.Numerics;
using TorchSharp;
using TorchSharp.Modules;

namespace Sere.Peers.TorchSharp;

/// <summary>Logits of one block: of its code and, from the second block on, of the block before.</summary>
internal sealed class DataLayer : torch.nn.Module
{
    private readonly Sequential _trunk;
    private readonly Linear _head;
    private readonly Sequential? _evidence;
    private readonly Linear? _join;
    private readonly Linear? _residual;

    public DataLayer(PeerSettings settings, int previous, int pixels)
        : base(nameof(DataLayer))
    {
        int[] hidden = settings.DataHidden;
        int width = hidden[^1];
        _trunk = torch.nn.Sequential(Perceptron.Create(settings.Latents, hidden.SkipLast(1), width), torch.nn.ELU());
        _head = torch.nn.Linear(width, pixels);
        register_module("trunk", _trunk);
        register_module("head", _head);
        if (previous > 0)
        {
            _evidence = Perceptron.Create(previous, hidden.SkipLast(1), width);
            _join = torch.nn.Linear(width, width, hasBias: false);
            _residual = torch.nn.Linear(width, pixels);
            register_module("evidence", _evidence);
            register_module("join", _join);
            register_module("residual", _residual);
        }
    }

    /// <summary>Logits [B, pixels] for a code [B, N] and the block before, [B, previous].</summary>
    public torch.Tensor Forward(torch.Tensor code, torch.Tensor? previous)
    {
        var hidden = _trunk.forward(code);
        var logits = _head.forward(hidden);
        return _evidence is null
            ? logits
            : logits.Plus(_residual!.forward(
                _evidence.forward(previous!).Plus(_join!.forward(hidden)).Elu()));
    }
}
