using System.Diagnostics;
using Xunit;

namespace Sere.Tests.Cli;

/// <summary>A program of this solution, from the same build as the tests, to be started as a process.</summary>
internal sealed class BuiltProgram
{
    private readonly string _assembly;

    private BuiltProgram(string project, string assembly)
    {
        // tests/Sere.Tests/bin/CONFIGURATION/FRAMEWORK
        var framework = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        _assembly = Path.Combine(
            RepositoryFolder.Path, project, "bin", framework.Parent!.Name, framework.Name, assembly);
    }

    /// <summary>The command line.</summary>
    public static BuiltProgram Sere { get; } = new(Path.Combine("src", "Sere.Cli"), "Sere.Cli.dll");

    /// <summary>The example of a kind of image that a model has never seen.</summary>
    public static BuiltProgram HeldOutDigit { get; } =
        new(Path.Combine("examples", "HeldOutDigit"), "HeldOutDigit.dll");

    /// <summary>The example of the library.</summary>
    public static BuiltProgram QuickStart { get; } = new(Path.Combine("examples", "QuickStart"), "QuickStart.dll");

    /// <summary>Runs it to its end.</summary>
    public ProgramResult Run(params string[] arguments) => RunIn(Path.GetTempPath(), arguments);

    /// <summary>Runs it to its end in a working folder.</summary>
    public ProgramResult RunIn(string workingFolder, params string[] arguments)
    {
        using var program = Start(workingFolder, arguments);
        return program.Finish();
    }

    /// <summary>Starts it in a working folder, which is also where it looks for data sets.</summary>
    public RunningProgram Start(string workingFolder, params string[] arguments)
    {
        Assert.True(File.Exists(_assembly), $"'{_assembly}' is not built.");
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        var start = new ProcessStartInfo(host, [_assembly, .. arguments])
        {
            UseShellExecute = false,
            WorkingDirectory = workingFolder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["SERE_DATA"] = workingFolder;
        return new RunningProgram(Process.Start(start)!);
    }
}
