using Sere.Hierarchies;
using TorchSharp;

namespace Sere.Models;

/// <summary>How far the posterior of each unit lies from its prior, for one draw of the codes above it.</summary>
/// <param name="StandardizedShift">How far each unit's posterior lies from its prior (<see cref="LatentStep.StandardizedShift"/>), [B, total latents].</param>
/// <param name="KlPerUnit">Divergence of each unit in nats (<see cref="LatentStep.KlPerDimension"/>), [B, total latents].</param>
public sealed record PosteriorSummary(torch.Tensor StandardizedShift, torch.Tensor KlPerUnit);
