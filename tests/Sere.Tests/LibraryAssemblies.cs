using System.Reflection;
using Sere.Runs;

namespace Sere.Tests;

/// <summary>The assemblies that the library consists of.</summary>
internal static class LibraryAssemblies
{
    /// <summary>What the paper needs.</summary>
    public static Assembly Core { get; } = typeof(SereException).Assembly;

    /// <summary>Data sets, files and runs.</summary>
    public static Assembly Runs { get; } = typeof(TrainingRun).Assembly;

    /// <summary>Both.</summary>
    public static IReadOnlyList<Assembly> All { get; } = [Core, Runs];

    /// <summary>The types of both.</summary>
    public static IReadOnlyList<Type> Types { get; } = [.. All.SelectMany(assembly => assembly.GetTypes())];
}
