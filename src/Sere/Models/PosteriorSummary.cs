using TorchSharp;

namespace Sere.Models;

/// <summary>How far the posterior of each unit lies from its prior, for one draw of the codes above it.</summary>
/// <param name="StandardizedShift">(mu_q - mu_p) / s_p of each unit, [B, total latents].</param>
/// <param name="KlPerUnit">Kullback-Leibler divergence of each unit in nats, [B, total latents].</param>
public sealed record PosteriorSummary(torch.Tensor StandardizedShift, torch.Tensor KlPerUnit);
