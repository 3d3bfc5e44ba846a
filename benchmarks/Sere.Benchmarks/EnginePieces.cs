namespace Sere.Benchmarks;

/// <summary>How much of the engine a benchmark uses.</summary>
public enum EnginePieces
{
    /// <summary>Stacked layers and flat parameters, but libtorch's operations for each formula.</summary>
    Plain,

    /// <summary>Our kernels, but libtorch's operation for each matrix product.</summary>
    LibtorchProducts,

    /// <summary>Everything.</summary>
    All,
}
