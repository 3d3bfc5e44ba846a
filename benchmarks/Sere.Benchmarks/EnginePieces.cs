namespace Sere.Benchmarks;

/// <summary>How much of the engine a benchmark uses.</summary>
public enum EnginePieces
{
    /// <summary>Stacked layers and flat parameters, but libtorch's operations for each formula.</summary>
    Plain,

    /// <summary>Everything.</summary>
    All,
}
