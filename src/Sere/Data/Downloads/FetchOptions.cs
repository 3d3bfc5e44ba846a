namespace Sere.Data.Downloads;

/// <summary>How a data set is downloaded.</summary>
public sealed record FetchOptions
{
    /// <summary>Whether files that are there with other content are replaced; else they are refused by name.</summary>
    public bool ReplaceDamaged { get; init; }

    /// <summary>After how long with less than 32 KiB a download counts as broken off.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// After how long without a connection the next mirror's turn comes; shorter than <see cref="StallTimeout"/>, which
    /// else ends the attempt first.
    /// </summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How often a file is asked of one mirror before the next mirror's turn comes; at least 1.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>How long to wait before a mirror is asked again; twice as long before the second time, and so on.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);
}
