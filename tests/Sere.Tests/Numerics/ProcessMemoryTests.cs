using Sere.Numerics;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Numerics;

[Collection(Alone)]
public sealed class ProcessMemoryTests : IDisposable
{
    /// <summary>The collection of what measures the memory of the process: beside other tests it would measure theirs.</summary>
    internal const string Alone = "memory of the process";

    private readonly TemporaryFolder _root = new();

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData("0::/a/b", "sys/fs/cgroup/a", "memory.max", "memory.current", "inactive_file", 700)]
    [InlineData("0::/a/b", "sys/fs/cgroup", "memory.max", "memory.current", "inactive_file", 700)]
    [InlineData("4:memory:/a", "sys/fs/cgroup/memory/a", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file", 700)]
    [InlineData("3:cpuset:/a", "sys/fs/cgroup/memory/a", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file", 2048)]
    public void The_least_of_the_machine_and_of_each_group_above_counts(
        string line, string folder, string most, string used, string cache, long available)
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        Write("proc/meminfo", "MemTotal:       8 kB\nMemAvailable:       2 kB\n");
        Write("proc/self/cgroup", $"1:name=systemd:/\n{line}\n");
        Write($"{folder}/{most}", "1000\n");
        Write($"{folder}/{used}", "350\n");
        Write($"{folder}/memory.stat", $"file 3\n{cache} 50\n");
        Assert.Equal(available, ProcessMemory.Available(_root.Path));
        Write($"{folder}/{most}", "max\n");
        Assert.Equal(2048, ProcessMemory.Available(_root.Path));
    }

    [Fact]
    public void The_peak_of_work_is_what_it_held_at_any_one_time()
    {
        const long Size = 256L << 20;
        long? peak = ProcessMemory.PeakOf(() =>
        {
            torch.zeros(Size, torch.ScalarType.Byte).Dispose();
            torch.zeros(Size / 2, torch.ScalarType.Byte).Dispose();
        });
        if (peak is not null)
        {
            Assert.InRange(peak.Value, (long)(0.9 * Size), 3 * Size);
        }
    }

    private void Write(string path, string text)
    {
        string full = Path.Combine(_root.Path, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}

/// <summary>Runs by itself.</summary>
[CollectionDefinition(ProcessMemoryTests.Alone, DisableParallelization = true)]
public sealed class ProcessMemoryCollection;
