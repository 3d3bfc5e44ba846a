using Sere.Hierarchies;
using Sere.Likelihoods;

namespace Sere.Models;

/// <summary>What a model computes from a batch of images once, for all their importance samples.</summary>
/// <param name="Size">Number of images, B.</param>
/// <param name="Evidence">What the encoder says to each layer of the hierarchy.</param>
/// <param name="Data">What the likelihood computes from x alone.</param>
public sealed record EncodedBatch(long Size, IReadOnlyList<LayerEvidence> Evidence, DataEvidence Data);
