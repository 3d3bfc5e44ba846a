namespace Sere.Hierarchies;

/// <summary>What the evidence x says about one layer of latents. Each kind of hierarchy has a kind of its own.</summary>
public abstract record LayerEvidence;
