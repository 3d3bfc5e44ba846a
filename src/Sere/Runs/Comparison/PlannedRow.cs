using Sere.Models.Configuration;

namespace Sere.Runs.Comparison;

/// <summary>A row of a suite as it is run.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Configuration">What is trained, under the row's name; of a baseline the reference's.</param>
/// <param name="Baseline">Which baseline it is; null for a model that is trained.</param>
public sealed record PlannedRow(string Name, ExperimentConfiguration Configuration, SuiteBaseline? Baseline);
