namespace Sere.Models.Configuration;

/// <summary>A masked autoregressive flow of affine steps (Papamakarios et al. 2017). JSON kind "maf".</summary>
public sealed record MaskedAutoregressiveFlowConfiguration : FlowConfiguration;
