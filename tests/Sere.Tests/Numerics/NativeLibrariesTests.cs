using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Versioning;
using Sere.Numerics;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Numerics;

public sealed class NativeLibrariesTests
{
    private const string CopyPrefix = "libLibTorchSharp-";

    [Fact]
    public void Tensors_work_once_the_libraries_are_loaded()
    {
        NativeLibraries.EnsureLoaded();
        using torch.Tensor sum = torch.ones(2).sum();
        Assert.Equal(2f, sum.item<float>());
        Assert.True(torch.TryInitializeDeviceType(DeviceType.CPU));
        NativeLibraries.EnsureLoaded();
    }

    [Fact]
    public void Tensors_work_without_a_call_before()
    {
        using torch.Tensor sum = torch.ones(3).sum();
        Assert.Equal(3f, sum.item<float>());
    }

    [Fact]
    public async Task Many_threads_may_ask_at_once() =>
        await Task.WhenAll(Enumerable.Range(0, 16).Select(static _ => Task.Run(NativeLibraries.EnsureLoaded)));

    [Fact]
    [SupportedOSPlatform("linux")]
    public async Task A_patched_copy_is_made_once_repaired_and_done_without_where_it_cannot_be_kept()
    {
        NativeLibraries.EnsureLoaded();
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && File.ReadAllText("/proc/self/maps").Contains(CopyPrefix, StringComparison.Ordinal),
            "This system loads the library as it is.");
        string shipped = NativeLibraryLoaderTests.Shipped();
        byte[] before = File.ReadAllBytes(shipped);
        DirectoryInfo root = Directory.CreateTempSubdirectory("sere-tests-");
        try
        {
            string cache = Path.Combine(root.FullName, "cache");
            await UseTensorsInNewProcess(cache, nameof(Tensors_work_once_the_libraries_are_loaded));
            string copy = Assert.Single(Directory.GetFiles(Path.Combine(cache, "sere", "native"), CopyPrefix + "*"));
            byte[] intact = File.ReadAllBytes(copy);
            DateTime written = DateTime.UnixEpoch.AddYears(30);
            File.SetLastWriteTimeUtc(copy, written);

            await UseTensorsInNewProcess(cache, nameof(Tensors_work_without_a_call_before));
            Assert.Equal(written, File.GetLastWriteTimeUtc(copy));

            // Half a file would end the process with a bus error if it were loaded.
            File.WriteAllBytes(copy, intact[..(intact.Length / 2)]);
            await UseTensorsInNewProcess(cache, nameof(Tensors_work_without_a_call_before));
            Assert.Equal(intact, File.ReadAllBytes(copy));

            string file = Path.Combine(root.FullName, "file");
            File.WriteAllText(file, "");
            await UseTensorsInNewProcess(file, nameof(Tensors_work_once_the_libraries_are_loaded));
        }
        finally
        {
            root.Delete(recursive: true);
        }

        Assert.Equal(before, File.ReadAllBytes(shipped));
    }

    // Loading happens once in a process, so each case needs a process of its own: this test assembly with one test.
    // Without it a program that looks at the presets first, and then uses TorchSharp itself, fails on older systems.
    [Fact]
    public void Each_assembly_prepares_the_loading_before_anything_of_it_runs() =>
        Assert.All(LibraryAssemblies.All, assembly => Assert.Single(
            assembly.GetTypes().SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.NonPublic)),
            method => method.IsDefined(typeof(ModuleInitializerAttribute))));

    private static async Task UseTensorsInNewProcess(string cache, string test)
    {
        string? own = Environment.ProcessPath;
        bool isHost = string.Equals(Path.GetFileNameWithoutExtension(own), "dotnet", StringComparison.OrdinalIgnoreCase);
        var start = new ProcessStartInfo(isHost ? own! : "dotnet")
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["XDG_CACHE_HOME"] = cache },
            ArgumentList =
            {
                typeof(NativeLibrariesTests).Assembly.Location,
                "-method",
                $"{typeof(NativeLibrariesTests).FullName}.{test}",
            },
        };
        using Process process = Assert.IsType<Process>(Process.Start(start));
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        Task<string> error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, $"exit code {process.ExitCode}\n{await output}\n{await error}");
        Assert.Contains("Total: 1,", await output, StringComparison.Ordinal);
    }
}
