namespace Sere.Runs;

/// <summary>A part of a data set.</summary>
public enum DataSplit
{
    /// <summary>Images that choose nothing.</summary>
    Test,

    /// <summary>Images that choose the best epoch.</summary>
    Validation,

    /// <summary>Images that were trained on.</summary>
    Train,
}
