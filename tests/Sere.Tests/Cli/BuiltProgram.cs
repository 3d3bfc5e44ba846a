using System.Diagnostics;
using Xunit;

namespace Sere.Tests.Cli;

/// <summary>A program of this solution, from the same build as the tests, to be started as a process.</summary>
internal sealed class BuiltProgram
{
    private readonly string _assembly;

    private BuiltProgram(string project, string assembly)
    {
        _assembly = Path.Combine(
            RepositoryFolder.Path, project, "bin", Configuration, BuildFolder.Name, assembly);
    }

    /// <summary>The dotnet command.</summary>
    public static string Host { get; } =
        Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";

    /// <summary>What the solution was built as: Release or Debug.</summary>
    public static string Configuration => BuildFolder.Parent!.Name;

    /// <summary>tests/Sere.Tests/bin/CONFIGURATION/FRAMEWORK</summary>
    private static DirectoryInfo BuildFolder =>
        new(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));

    /// <summary>The command line.</summary>
    public static BuiltProgram Sere { get; } = new(Path.Combine("src", "Sere.Cli"), "Sere.Cli.dll");

    /// <summary>The example of a kind of image that a model has never seen.</summary>
    public static BuiltProgram HeldOutDigit { get; } =
        new(Path.Combine("examples", "HeldOutDigit"), "HeldOutDigit.dll");

    /// <summary>The example of the library.</summary>
    public static BuiltProgram QuickStart { get; } = new(Path.Combine("examples", "QuickStart"), "QuickStart.dll");

    /// <summary>The example of a model behind a service.</summary>
    public static BuiltProgram ScoreService { get; } = new(Path.Combine("examples", "ScoreService"), "ScoreService.dll");

    /// <summary>Runs it to its end.</summary>
    public ProgramResult Run(params string[] arguments) => RunIn(Path.GetTempPath(), arguments);

    /// <summary>Runs it to its end in a working folder.</summary>
    public ProgramResult RunIn(string workingFolder, params string[] arguments)
    {
        using var program = Start(workingFolder, arguments);
        return program.Finish();
    }

    /// <summary>Runs it to its end by a line of a shell, in which "$@" is its command.</summary>
    public ProgramResult RunInShell(string line, params string[] arguments)
    {
        using var program = StartInShell(line, arguments);
        return program.Finish();
    }

    /// <summary>Starts it by a line of a shell, in which "$@" is its command.</summary>
    public RunningProgram StartInShell(string line, params string[] arguments) =>
        Start(Path.GetTempPath(), "/bin/sh", ["-c", line, "sh", Host, _assembly, .. arguments]);

    /// <summary>Starts it in a working folder, which is also where it looks for data sets.</summary>
    public RunningProgram Start(string workingFolder, params string[] arguments) =>
        Start(workingFolder, Host, [_assembly, .. arguments]);

    private RunningProgram Start(string workingFolder, string program, string[] arguments)
    {
        Assert.True(File.Exists(_assembly), $"'{_assembly}' is not built.");
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            WorkingDirectory = workingFolder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["SERE_DATA"] = workingFolder;

        // What the compiler learns of a program of two seconds comes too late.
        start.Environment["DOTNET_TieredPGO"] = "0";
        return new RunningProgram(Process.Start(start)!);
    }
}
