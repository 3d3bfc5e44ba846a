using System.Text.Json;
using Xunit;

namespace Sere.Tests.Cli;

public sealed class BenchCommandTests
{
    private static readonly string[] Small =
    [
        "bench", "--preset", "digits", "--steps", "3", "--batch", "10", "--threads", "1", "--set", "model.layers=2",
        "--set", "model.evidence.network.hidden=[16]", "--set", "model.data.network.hidden=[16]",
    ];

    // A process of its own: it counts the tensors that live, and loads a libtorch.
    [Fact]
    public void The_figures_come_as_one_JSON_object_that_fits_together_and_names_the_libtorch()
    {
        using var folder = new TemporaryFolder();
        string[] other = OperatingSystem.IsLinux() ? ["--libtorch", OtherLibtorch(folder)] : [];
        var result = BuiltProgram.Sere.Run([.. Small, "--json", .. other]).Done();
        using var document = JsonDocument.Parse(result.Output);
        var report = document.RootElement;
        double Number(string name) => report.GetProperty(name).GetDouble();
        Assert.Equal("digits", report.GetProperty("preset").GetString());
        Assert.Equal("cpu", report.GetProperty("device").GetString());
        Assert.True(other.Length == 0 || report.GetProperty("libtorch").GetString() == "9.8.7+cpu");
        Assert.Equal(1, Number("threads"));
        Assert.Equal(10, Number("batch"));
        Assert.All(
            (string[])["parameters", "stepMilliseconds", "floorMilliseconds", "sampleImagesPerSecond", "peakMemoryMiB"],
            name => Assert.True(Number(name) > 0, name));
        Assert.Equal(0, Number("liveTensorsPerStep"));
        Assert.Equal(Number("stepMilliseconds") / Number("floorMilliseconds"), Number("stepOverFloor"), 1e-9);
        Assert.Equal(10_000 / Number("stepMilliseconds"), Number("trainImagesPerSecond"), 1e-6);
        Assert.Equal(
            Number("evaluationsPerSecondCeiling") / Number("evaluationsPerSecond"), Number("evaluationOverFloor"), 1e-9);

        // No computation is faster than its own products.
        Assert.True(Number("stepOverFloor") > 1);
    }

    [Fact]
    public void The_table_names_the_preset_and_its_threads()
    {
        var result = SereCommand.Run(Small).Done();
        Assert.Contains("digits", result.Output, StringComparison.Ordinal);
        Assert.Contains("batch 10, 1 threads", result.Output, StringComparison.Ordinal);
        Assert.Contains("images/s", result.Output, StringComparison.Ordinal);
    }

    private static string OtherLibtorch(TemporaryFolder folder)
    {
        string torch = folder.File("torch");
        Directory.CreateDirectory(Path.Combine(torch, "lib"));
        string program = Path.Combine(
            RepositoryFolder.Path, "src", "Sere.Cli", "bin", BuiltProgram.Configuration, Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/')));
        foreach (string file in (string[])["libtorch.so", "libtorch_cpu.so", "libc10.so", "libgomp*"])
        {
            string library = Directory.GetFiles(program, file)[0];
            File.CreateSymbolicLink(Path.Combine(torch, "lib", Path.GetFileName(library)), library);
        }

        File.WriteAllText(Path.Combine(torch, "version.py"), "debug = False\n__version__ = '9.8.7+cpu'\n");
        return Path.Combine(torch, "lib");
    }
}
