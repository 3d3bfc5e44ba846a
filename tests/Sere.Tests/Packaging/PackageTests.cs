using System.Reflection;
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
    [InlineData("Sere", "# Sere\n", "Hierarchical")]
    [InlineData("Sere.Runs", "# Sere.Runs\n", "Runs")]
    [InlineData("Sere.Features", "# Sere.Features\n", "Features")]
    [InlineData("Sere.Cli", "# sere\n", "Trains")]
    public void A_package_describes_itself(string id, string title, string description)
    {
        var package = _packed.Package(id);
        Assert.Equal(id, package["id"]);
        Assert.Equal(Version(), package["version"]);
        Assert.Equal("The Sere authors", package["authors"]);
        Assert.Equal("MIT", package["license"]);
        Assert.Contains("log-likelihood", package["tags"].Split(' '));
        Assert.StartsWith(description, package["description"], StringComparison.Ordinal);
        Assert.Equal("README.md", package["readme"]);
        string readme = package.Text("README.md");
        Assert.StartsWith(title, readme, StringComparison.Ordinal);
        Assert.DoesNotContain("](", readme, StringComparison.Ordinal); // No path of this repository.
    }

    [Theory]
    [InlineData("Sere.Runs")]
    [InlineData("Sere.Cli")]
    public void A_package_with_the_font_has_its_licence(string id) => Assert.Contains(
        "SIL OPEN FONT LICENSE", _packed.Package(id).Text("licenses/Inter-OFL.txt"), StringComparison.Ordinal);

    [Theory]
    [InlineData("Sere.Features")]
    [InlineData("Sere.Cli")]
    public void A_package_with_the_weights_of_the_features_has_their_licence(string id)
    {
        Assert.Contains("MIT License", _packed.Package(id).Text("licenses/ResNet18/LICENSE"), StringComparison.Ordinal);
        Assert.Contains("licenses/ResNet18/THIRD-PARTY-NOTICES.TXT", _packed.Package(id).Files);
    }

    // What pictures and event files need comes with runs alone.
    [Fact]
    public void The_core_needs_TorchSharp_alone()
    {
        string[] references =
        [
            .. LibraryAssemblies.Core.GetReferencedAssemblies().Select(reference => reference.Name!)
                .Where(name => !name.StartsWith("System.", StringComparison.Ordinal) || name is "System.IO.Hashing")
                .Order(StringComparer.Ordinal),
        ];
        Assert.Equal(["System.IO.Hashing", "TorchSharp"], references);
        Assert.DoesNotContain("ScottPlot", _packed.Package("Sere").Dependencies);
    }

    [Theory]
    [InlineData("Sere", "TorchSharp")]
    [InlineData("Sere.Runs", "Sere")]
    public void The_library_leaves_the_choice_of_libtorch_to_its_users(string id, string dependency)
    {
        var library = _packed.Package(id);
        Assert.Contains(dependency, library.Dependencies);
        Assert.DoesNotContain(library.Dependencies, one => one.StartsWith("libtorch", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(library.Files, file => file.Contains("torch", StringComparison.OrdinalIgnoreCase));
        Assert.Contains("dotnet add package libtorch-cpu-linux-x64", library.Text("README.md"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Sere")]
    [InlineData("Sere.Runs")]
    [InlineData("Sere.Features")]
    public void The_library_comes_with_its_documentation_and_beside_it_its_symbols(string id)
    {
        Assert.Equal(
            [$"lib/net10.0/{id}.dll", $"lib/net10.0/{id}.xml"],
            _packed.Package(id).Files.Where(file => file.StartsWith("lib/", StringComparison.Ordinal)));
        Assert.Contains($"lib/net10.0/{id}.pdb", _packed.Package(id, ".snupkg").Files);
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
        LibraryAssemblies.Core.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];
}
