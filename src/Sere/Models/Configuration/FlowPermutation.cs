namespace Sere.Models.Configuration;

/// <summary>What stands between two steps of a flow, so that another part of the dimensions comes first.</summary>
public enum FlowPermutation
{
    /// <summary>The order of the dimensions is kept.</summary>
    None,

    /// <summary>The order is reversed.</summary>
    Reverse,

    /// <summary>A random order, drawn from the seed of the run.</summary>
    Random,

    /// <summary>A random order and a linear map with LU parameters that are learned.</summary>
    Linear,
}
