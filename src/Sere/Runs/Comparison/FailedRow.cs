namespace Sere.Runs.Comparison;

/// <summary>A row that could not be trained or evaluated.</summary>
/// <param name="Model">The row.</param>
/// <param name="Reason">Why, in a sentence.</param>
public sealed record FailedRow(string Model, string Reason);
