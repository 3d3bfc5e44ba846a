namespace Sere.Data.Downloads;

/// <summary>What a downloaded file is.</summary>
internal enum ContentState
{
    /// <summary>The file that was asked for.</summary>
    Whole,

    /// <summary>It may become that file if its download goes on.</summary>
    Truncated,

    /// <summary>Another file.</summary>
    Wrong,
}
