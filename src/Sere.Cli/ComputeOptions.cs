using System.CommandLine;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Cli;

/// <summary>The options that say where and with how many threads to compute.</summary>
internal sealed class ComputeOptions
{
    private readonly Option<int?> _threads = CommonOptions.Value<int?>(
        "--threads",
        "N",
        "Threads that compute, one a core at most; by default as many as measuring finds the fastest, now and then.");

    private readonly Option<string> _device = CommonOptions.Value(
        "--device", "cpu|cuda", "cpu", "Where to compute: cpu or cuda.");

    private readonly Option<string?> _libtorch = CommonOptions.Value<string?>(
        "--libtorch",
        "DIR",
        "Folder of the libtorch to use, of an installed PyTorch for instance (.../site-packages/torch/lib); "
        + $"{NativeLibraries.FolderVariable} says it too.");

    public void AddTo(Command command)
    {
        AddThreadsTo(command);
        command.Options.Add(_device);
    }

    /// <summary>Adds the number of threads alone, to a command that computes on the CPU.</summary>
    public void AddThreadsTo(Command command)
    {
        command.Options.Add(_threads);
        command.Options.Add(_libtorch);
    }

    /// <summary>Loads the native libraries, sets the threads and gives the device.</summary>
    public torch.Device Apply(ParseResult parsed, Terminal terminal)
    {
        ApplyThreads(parsed, terminal);
        return Device(parsed);
    }

    /// <summary>The device that is asked for, once the native libraries are loaded.</summary>
    public torch.Device Device(ParseResult parsed) => parsed.GetValue(_device) switch
    {
        "cpu" => torch.CPU,
        "cuda" when torch.cuda.is_available() => torch.CUDA,
        "cuda" => throw new SereException(NativeLibraries.CudaFailure is { } failure
            ? $"No CUDA device can be used: {failure}"
            : "No CUDA device can be used; name the libtorch of a PyTorch that has CUDA with --libtorch, build with "
                + "-p:SereLibTorchPackage naming a CUDA package, or use --device cpu."),
        var other => throw new UsageException($"There is no device '{other}'; use cpu or cuda."),
    };

    /// <summary>The options as they were given, to repeat them.</summary>
    public string Given(ParseResult parsed) =>
        (parsed.GetValue(_threads) is { } threads ? $" {_threads.Name} {threads}" : "")
        + (parsed.GetResult(_device) is { Implicit: false } ? $" {_device.Name} {parsed.GetValue(_device)}" : "")
        + (parsed.GetValue(_libtorch) is { } folder ? $" {_libtorch.Name} {ShellText.Quote(folder)}" : "");

    /// <summary>Loads the native libraries and sets the threads, to a number or to one that measurements choose.</summary>
    public void ApplyThreads(ParseResult parsed, Terminal terminal)
    {
        FixThreads(parsed);
        if (parsed.GetValue(_threads) is null)
        {
            ThreadTuner.ChooseByMeasuring(threads =>
            {
                if (parsed.GetValue<bool>("--verbose") && !terminal.IsLive)
                {
                    terminal.Say($"computing with {threads} threads");
                }
            });
        }
    }

    /// <summary>Loads the native libraries and sets the threads to the number that is asked for, or to all.</summary>
    public void FixThreads(ParseResult parsed)
    {
        int? threads = parsed.Within(_threads, 1, 1024);
        if (parsed.GetValue(_libtorch) is { } folder)
        {
            NativeLibraries.UseLibtorch(folder);
        }

        NativeLibraries.EnsureLoaded();

        // More than there are cores would wait for each other; libtorch does not ask how many of them a container may use.
        torch.set_num_threads(Math.Min(threads ?? torch.get_num_threads(), Environment.ProcessorCount));
    }
}
