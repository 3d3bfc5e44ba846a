using System.Runtime.InteropServices;
using Sere.Runs;
using Sere.Tests.Cli;
using Sere.Tests.Runs;
using Xunit;

namespace Sere.Tests.Packaging;

public sealed class InstalledToolTests : FolderTests
{
    private readonly PackedSolution _packed;
    private readonly TrainedRun _trained;

    public InstalledToolTests(PackedSolution packed, TrainedRun trained)
    {
        _packed = packed;
        _trained = trained;
    }

    [Fact]
    public void The_tool_is_installed_from_a_folder_of_packages_and_trains()
    {
        Install();
        string tool = Path.Combine(_folder.File("tools"), OperatingSystem.IsWindows() ? "sere.exe" : "sere");
        var before = Snapshot();

        var presets = Run(tool, "presets").Done();
        Assert.Contains("digits", presets.Output, StringComparison.Ordinal);
        Assert.Contains("mnist-mlp", presets.Output, StringComparison.Ordinal);

        string run = _folder.File("run");
        Run(tool, _trained.Command("--run", run)).Done();
        Assert.Equal(TrainedRun.Epochs, MetricsLog.Read(new RunFolder(run).Metrics).Count);
        Assert.Equal(TrainedRun.Epochs, EventFile.Shown(new RunFolder(run).TensorBoard).Count);
        Assert.True(File.Exists(new RunFolder(run).Report));

        // Where the tool is, its user may not be allowed to write.
        Assert.Equal(before, Snapshot());
    }

    /// <summary>As a user would, but for a configuration without any source, so that no registry is asked.</summary>
    private void Install()
    {
        File.WriteAllText(
            _folder.File("NuGet.Config"), "<configuration><packageSources><clear /></packageSources></configuration>");
        Run(
            BuiltProgram.Host,
            "tool", "install", "Sere.Cli", "--tool-path", _folder.File("tools"), "--source", _packed.Packages,
            "--configfile", _folder.File("NuGet.Config")).Done();
    }

    private ProgramResult Run(string program, params string[] arguments) => PackedSolution.Run(
        _folder,
        _folder.Path,
        program,
        new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["NUGET_PACKAGES"] = _folder.File("packages"),
            ["DOTNET_CLI_HOME"] = _folder.File("home"),
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1",
            ["DOTNET_NOLOGO"] = "1",
            ["DOTNET_ADD_GLOBAL_TOOLS_TO_PATH"] = "0",
            ["DOTNET_GENERATE_ASPNET_CERTIFICATE"] = "0",
            ["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..")),
            ["XDG_CACHE_HOME"] = _folder.File("cache"),
            ["SERE_DATA"] = _folder.Path,
        },
        arguments);

    private (string Path, long Length, DateTime Written)[] Snapshot() =>
    [
        .. new DirectoryInfo(_folder.File("tools")).EnumerateFiles("*", SearchOption.AllDirectories)
            .Select(file => (file.FullName, file.Length, file.LastWriteTimeUtc))
            .OrderBy(file => file.FullName, StringComparer.Ordinal),
    ];
}
