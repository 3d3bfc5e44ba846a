using System.CommandLine;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Cli;

/// <summary>The options that say where and with how many threads to compute.</summary>
internal sealed class ComputeOptions
{
    private readonly Option<int?> _threads = new("--threads")
    {
        Description = "Threads that compute; all cores by default.",
        HelpName = "N",
    };

    private readonly Option<string> _device = new("--device")
    {
        Description = "Where to compute: cpu or cuda.",
        HelpName = "cpu|cuda",
        DefaultValueFactory = _ => "cpu",
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        AddThreadsTo(command);
        command.Options.Add(_device);
    }

    /// <summary>Adds the number of threads alone, to a command that computes on the CPU.</summary>
    public void AddThreadsTo(Command command) => command.Options.Add(_threads);

    /// <summary>Loads the native libraries, sets the threads and gives the device.</summary>
    public torch.Device Apply(ParseResult parsed)
    {
        ApplyThreads(parsed);
        return parsed.GetValue(_device) switch
        {
            "cpu" => torch.CPU,
            "cuda" when torch.cuda.is_available() => torch.CUDA,
            "cuda" => throw new SereException(
                "No CUDA device can be used; build with -p:SereLibTorchPackage naming a CUDA package, or use --device cpu."),
            var other => throw new UsageException($"There is no device '{other}'; use cpu or cuda."),
        };
    }

    /// <summary>The options as they were given, to repeat them: another number of threads may round otherwise.</summary>
    public string Given(ParseResult parsed) =>
        (parsed.GetValue(_threads) is { } threads ? $" {_threads.Name} {threads}" : "")
        + (parsed.GetResult(_device) is { Implicit: false } ? $" {_device.Name} {parsed.GetValue(_device)}" : "");

    /// <summary>Loads the native libraries and sets the threads.</summary>
    public void ApplyThreads(ParseResult parsed)
    {
        int? threads = parsed.Within(_threads, 1, 1024);
        NativeLibraries.EnsureLoaded();
        if (threads is { } count)
        {
            torch.set_num_threads(count);
        }
    }
}
