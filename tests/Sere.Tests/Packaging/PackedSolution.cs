using System.Diagnostics;
using Sere.Tests.Cli;
using Sere.Tests.Packaging;
using Xunit;

[assembly: AssemblyFixture(typeof(PackedSolution))]

namespace Sere.Tests.Packaging;

/// <summary>
/// The packages of the build that the tests run in: packed once for all tests, and only if one asks for them.
/// </summary>
public sealed class PackedSolution : FolderTests
{
    private readonly Lazy<string> _packages;

    public PackedSolution()
    {
        _packages = new Lazy<string>(Pack);
    }

    /// <summary>The folder of the packages.</summary>
    internal string Packages => _packages.Value;

    /// <summary>A package by its beginning and ending, between which the version stands.</summary>
    internal NuGetPackage Package(string id, string extension = ".nupkg") => new(
        Assert.Single(Directory.GetFiles(Packages, $"{id}.?.*{extension}")));

    /// <summary>Runs a program to its end where all that it leaves is deleted with a folder.</summary>
    internal static ProgramResult Run(
        TemporaryFolder folder,
        string workingFolder,
        string program,
        IReadOnlyDictionary<string, string> environment,
        params string[] arguments)
    {
        string temporary = Directory.CreateDirectory(folder.File("temporary")).FullName;
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            WorkingDirectory = workingFolder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        foreach (string name in (string[])["TMPDIR", "TMP", "TEMP"])
        {
            start.Environment[name] = temporary;
        }

        using var running = new RunningProgram(Process.Start(start)!);
        return running.Finish();
    }

    private string Pack()
    {
        string packages = _folder.File("packages");
        Run(
            _folder,
            RepositoryFolder.Path,
            BuiltProgram.Host,
            new Dictionary<string, string>(StringComparer.Ordinal) { ["MSBUILDDISABLENODEREUSE"] = "1" },
            "pack", "Sere.slnx", "--no-build", "--configuration", BuiltProgram.Configuration, "--output", packages,
            $"-property:PublishDir={_folder.File("published")}/").Done();
        return packages;
    }
}
