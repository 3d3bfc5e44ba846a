namespace Sere.Runs.Pictures;

/// <summary>A bar of a <see cref="DifferenceBarPicture"/>.</summary>
/// <param name="Name">What stands beside the bar.</param>
/// <param name="Difference">Its length, to the right or, where it is negative, to the left of zero.</param>
/// <param name="Error">One standard error, drawn around its end.</param>
/// <param name="Label">What stands at its root, such as the value itself.</param>
/// <param name="MayRunOut">Whether it may run out of the chart where it would press the other bars flat.</param>
public sealed record DifferenceBar(string Name, double Difference, double Error, string Label, bool MayRunOut = false);
