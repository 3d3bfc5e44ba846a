using System.Globalization;
using System.Runtime.InteropServices;

namespace Sere.Numerics;

/// <summary>What memory work takes, and how much can still be had. Linux tells both.</summary>
internal static partial class ProcessMemory
{
    private const long Kibibyte = 1024;

    /// <summary>Bytes that can still be taken: what the machine has, and what each control group above the process allows.</summary>
    /// <param name="root">The folder that holds proc and sys.</param>
    public static long Available(string root = "/") => OperatingSystem.IsLinux()
        ? Groups(root).Append(Field(Path.Combine(root, "proc/meminfo"), "MemAvailable:") * Kibibyte).Min() ?? long.MaxValue
        : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;

    /// <summary>
    /// The most bytes that work holds at any one time, beside what was held before; null where the system does not tell, and
    /// then the work is not done. What other threads take meanwhile counts too.
    /// </summary>
    public static long? PeakOf(Action work)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        const string Status = "/proc/self/status";
        try
        {
            // What is freed while the work runs would hide as much of its peak.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            _ = malloc_trim(0);
            File.WriteAllText("/proc/self/clear_refs", "5");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or EntryPointNotFoundException)
        {
            return null;
        }

        if (Field(Status, "VmRSS:") is not { } before)
        {
            return null;
        }

        work();
        return Field(Status, "VmHWM:") is { } peak ? Math.Max(0, peak - before) * Kibibyte : null;
    }

    [LibraryImport("libc")]
    private static partial int malloc_trim(nuint pad);

    private static IEnumerable<long?> Groups(string root)
    {
        foreach (string line in Lines(Path.Combine(root, "proc/self/cgroup")))
        {
            // Version 2 is "0::path", version 1 "number:controllers:path".
            string[] parts = line.Split(':', 3);
            var (mount, most, used, cache) = parts is [_, "", _]
                ? ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file")
                : ("sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file");
            if (parts.Length < 3 || (parts[1].Length > 0 && !parts[1].Split(',').Contains("memory", StringComparer.Ordinal)))
            {
                continue;
            }

            for (string? group = parts[2]; group is not null; group = Path.GetDirectoryName(group))
            {
                string folder = Path.Combine(root, mount, group.TrimStart('/'));
                yield return Field(Path.Combine(folder, most), "")
                    - Field(Path.Combine(folder, used), "")
                    + (Field(Path.Combine(folder, "memory.stat"), cache) ?? 0);
            }
        }
    }

    /// <summary>The number behind a name that begins a line; null where there is none.</summary>
    private static long? Field(string path, string name) => Lines(path)
        .Where(line => line.StartsWith(name, StringComparison.Ordinal))
        .Select(line => line[name.Length..].Split(' ', '\t').FirstOrDefault(part => part.Length > 0))
        .Select(text => long.TryParse(text, CultureInfo.InvariantCulture, out long number) ? number : (long?)null)
        .FirstOrDefault();

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
