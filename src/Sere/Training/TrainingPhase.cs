namespace Sere.Training;

/// <summary>The parts of a training step, in their order.</summary>
internal enum TrainingPhase
{
    /// <summary>Choosing, copying and binarizing the images and drawing the noise.</summary>
    Data,

    /// <summary>The bound of the batch.</summary>
    Forward,

    /// <summary>Its gradient.</summary>
    Backward,

    /// <summary>The check of the figures, clipping, and the update.</summary>
    Optimizer,
}
