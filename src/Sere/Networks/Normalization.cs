namespace Sere.Networks;

/// <summary>What keeps the features of a residual network at one scale.</summary>
public enum Normalization
{
    /// <summary>Weight normalization with a data-dependent start (Salimans and Kingma 2016).</summary>
    Weight,

    /// <summary>Batch normalization (Ioffe and Szegedy 2015).</summary>
    Batch,

    /// <summary>Nothing: plain weights with variance 1/fan-in.</summary>
    None,
}
