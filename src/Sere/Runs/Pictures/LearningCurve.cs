namespace Sere.Runs.Pictures;

/// <summary>One line of a <see cref="LearningCurvePicture"/>.</summary>
/// <param name="Name">What the legend calls it.</param>
/// <param name="X">Where the values were measured, such as epochs; as many as <paramref name="Y"/>.</param>
/// <param name="Y">The values. Those that are not finite are left out.</param>
public sealed record LearningCurve(string Name, IReadOnlyList<double> X, IReadOnlyList<double> Y);
