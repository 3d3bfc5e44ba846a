namespace Sere.Data.Downloads;

/// <summary>How a request for the rest of a file ended.</summary>
/// <param name="HadPart">Whether the file has bytes from before the request.</param>
/// <param name="BrokeOff">
/// Why bytes may be missing, to go on after the mirror's address; null where all came that were announced.
/// </param>
internal sealed record TransferResult(bool HadPart, string? BrokeOff);
