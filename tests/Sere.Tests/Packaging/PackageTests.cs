using System.Reflection;
using Sere.Runs;
using Xunit;

namespace Sere.Tests.Packaging;

public sealed class PackageTests
{
    private readonly PackedSolution _packed;

    public PackageTests(PackedSolution packed)
    {
        _packed = packed;
    }

    [Theory]
    [InlineData("Sere")]
    [InlineData("Sere.Cli")]
    public void A_package_describes_itself(string id)
    {
        var package = _packed.Package(id);
        Assert.Equal(id, package["id"]);
        Assert.Equal(Version(), package["version"]);
        Assert.Equal("The Sere authors", package["authors"]);
        Assert.Equal("MIT", package["license"]);
        Assert.Contains("log-likelihood", package["tags"].Split(' '));
        Assert.StartsWith(id is "Sere" ? "Hierarchical" : "Trains", package["description"], StringComparison.Ordinal);
        Assert.Equal("README.md", package["readme"]);
        Assert.StartsWith($"# {(id is "Sere" ? "Sere" : "sere")}\n", package.Text("README.md"), StringComparison.Ordinal);
        Assert.Contains("SIL OPEN FONT LICENSE", package.Text("licenses/Inter-OFL.txt"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_readmes_hold_no_path_of_this_repository()
    {
        foreach (string id in (string[])["Sere", "Sere.Cli"])
        {
            Assert.DoesNotContain("](", _packed.Package(id).Text("README.md"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_library_leaves_the_choice_of_libtorch_to_its_users()
    {
        var library = _packed.Package("Sere");
        Assert.Contains("TorchSharp", library.Dependencies);
        Assert.DoesNotContain(library.Dependencies, id => id.StartsWith("libtorch", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(library.Files, file => file.Contains("torch", StringComparison.OrdinalIgnoreCase));
        Assert.Contains("dotnet add package libtorch-cpu-linux-x64", library.Text("README.md"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_library_comes_with_its_documentation_and_beside_it_its_symbols()
    {
        Assert.Equal(
            ["lib/net10.0/Sere.dll", "lib/net10.0/Sere.xml"],
            _packed.Package("Sere").Files.Where(file => file.StartsWith("lib/", StringComparison.Ordinal)));
        Assert.Contains("lib/net10.0/Sere.pdb", _packed.Package("Sere", ".snupkg").Files);
    }

    [Fact]
    public void The_tool_is_the_command_sere()
    {
        var tool = _packed.Package("Sere.Cli");
        Assert.Equal(["DotnetTool"], tool.Types);
        Assert.Empty(tool.Dependencies);
        var settings = tool.Xml(tool.Files.Single(IsSettings));
        Assert.Equal("sere", Assert.Single(settings.Descendants("Command")).Attribute("Name")!.Value);
    }

    [Fact]
    public void The_tool_holds_the_native_libraries_of_this_platform_alone()
    {
        string[] files = [.. _packed.Package("Sere.Cli").Files.Where(
            file => file.StartsWith("tools/", StringComparison.Ordinal))];
        string folder = Path.GetDirectoryName(files.Single(IsSettings))!.Replace('\\', '/');
        Assert.Matches("^tools/net10.0/(linux|win|osx)-(x64|arm64)$", folder);
        Assert.All(files, file => Assert.Equal($"{folder}/{Path.GetFileName(file)}", file));
        foreach (string library in (string[])["torch_cpu", "LibTorchSharp", "SkiaSharp"])
        {
            Assert.Contains(files, file => IsNative(file) && file.Contains(library, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void The_tool_brings_the_licences_of_the_libraries_in_it()
    {
        var files = _packed.Package("Sere.Cli").Files;
        foreach (string package in (string[])["libtorch-", "TorchSharp/", "SkiaSharp/"])
        {
            Assert.Contains(files, file => file.StartsWith("licenses/" + package, StringComparison.Ordinal));
        }
    }

    private static bool IsSettings(string file) => file.EndsWith("/DotnetToolSettings.xml", StringComparison.Ordinal);

    private static bool IsNative(string file) =>
        Path.GetExtension(file) is ".so" or ".dylib" || Path.GetFileName(file) is "torch_cpu.dll" or "LibTorchSharp.dll"
            or "libSkiaSharp.dll";

    private static string Version() =>
        typeof(TrainingRun).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];
}
