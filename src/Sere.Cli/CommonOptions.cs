using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Sere.Data;
using Sere.Distributed;
using Sere.Numerics;
using Sere.Runs;
using Sere.Storage;
using TorchSharp;

namespace Sere.Cli;

/// <summary>Options that several commands share, and what is done with their values.</summary>
internal static class CommonOptions
{
    public static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    public static Option<T> Value<T>(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description };

    public static Option<T> Value<T>(string name, string helpName, T fallback, string description) =>
        new(name) { HelpName = helpName, Description = description, DefaultValueFactory = _ => fallback };

    public static Option<T> Required<T>(string name, string helpName, string description) =>
        new(name) { HelpName = helpName, Description = description, Required = true };

    /// <summary>The option, for which shells offer names.</summary>
    public static Option<T> Offering<T>(this Option<T> option, IEnumerable<string> names)
    {
        option.CompletionSources.Add([.. names]);
        return option;
    }

    public static Option<string?> DataFolder() => Value<string?>(
        "--data-dir", "DIR", "Folder of the data sets (mnist/ and others); else SERE_DATA, else the user's cache folder.");

    public static Option<bool> Gray() => Flag("--gray", "Turn colour into grey.");

    public static Option<bool> Json() => Flag("--json", "Print one JSON object and nothing else.");

    public static Option<long> Seed(string what) => Value("--seed", "S", 1L, $"Seed of {what}.");

    /// <summary>An option that takes the names of an enumeration, in lower case, and not its numbers.</summary>
    public static Option<T> Choice<T>(string name, string description, T fallback)
        where T : struct, Enum
    {
        string[] names = [.. Enum.GetNames<T>().Select(value => value.ToLowerInvariant())];
        var option = Value(name, string.Join('|', names), fallback, description);
        option.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, names);
        return option;
    }

    /// <summary>
    /// Refuses an output file that cannot or should not be written, before the work and not after it: a folder, a file
    /// without a folder or of another kind than is written, or one that is to be read.
    /// </summary>
    /// <param name="option">The option's name.</param>
    /// <param name="path">The output file.</param>
    /// <param name="endings">Endings of the kinds that are written.</param>
    /// <param name="inputs">What the command reads.</param>
    public static void RequireOutput(string option, string path, string[] endings, params IEnumerable<string> inputs)
    {
        if (Directory.Exists(path))
        {
            throw new SereException($"'{path}' cannot be written because it is a folder; name a file.");
        }

        string output = Path.GetFullPath(path);
        if (!Directory.Exists(Path.GetDirectoryName(output)))
        {
            throw new SereException($"'{path}' cannot be written because its folder does not exist; make it first.");
        }

        if (!endings.Any(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))
        {
            throw new UsageException($"{option} '{path}' does not end with {string.Join(" or ", endings)}; name such a file.");
        }

        if (File.Exists(output) && inputs.FirstOrDefault(input => Holds(input, output)) is { } read)
        {
            throw new UsageException($"{option} '{path}' would replace a file of '{read}', which is read; name another file.");
        }
    }

    /// <summary>Refuses an output folder that is a file, or the folder of images that is to be read.</summary>
    /// <param name="option">The option's name.</param>
    /// <param name="path">The folder, which need not exist.</param>
    /// <param name="input">What the command reads.</param>
    public static void RequireFolder(string option, string path, string input)
    {
        if (path.Length == 0 || File.Exists(path))
        {
            throw new UsageException($"{option} '{path}' is no folder; name one, which is made where it does not exist.");
        }

        if (LinkFreePath.AreSame(path, input))
        {
            throw new UsageException($"{option} '{path}' is the folder of the images that are read; name another folder.");
        }

        try
        {
            // Now, and not after the work.
            Directory.CreateDirectory(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SereException($"The folder '{path}' of {option} cannot be made: {error.Message}", error);
        }
    }

    private static bool Holds(string input, string file) =>
        LinkFreePath.AreSame(input, file) || LinkFreePath.AreSame(input, Path.GetDirectoryName(file)!);

    /// <summary>Reads a number, in which a comma is no mark of thousands: 0,5 is not 5.</summary>
    public static double ParseNumber(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
        {
            result.AddError($"'{text}' is not a number");
        }

        return value;
    }

    public static int Within(this ParseResult parsed, Option<int> option, int lowest, int highest) =>
        RequireWithin(option, parsed.GetValue(option), lowest, highest);

    public static int? Within(this ParseResult parsed, Option<int?> option, int lowest, int highest) =>
        parsed.GetValue(option) is { } value ? RequireWithin(option, value, lowest, highest) : null;

    private static int RequireWithin(Option option, int value, int lowest, int highest) =>
        value >= lowest && value <= highest
            ? value
            : throw new UsageException($"{option.Name} {value} is out of range; give a number from {lowest} to {highest}.");
}

/// <summary>The options by which commands load the model of a run, its data, and images of one's own.</summary>
internal sealed class ModelOptions
{
    public Argument<string> Run { get; } = new("RUN") { Description = "The folder of a run, as sere train made it." };

    public Option<CheckpointChoice> Checkpoint { get; } = CommonOptions.Choice(
        "--checkpoint", "Weights with the best validation ELBO, or the last ones.", CheckpointChoice.Best);

    public Option<string?> Dataset { get; } = CommonOptions.Value<string?>(
        "--dataset",
        "NAME",
        "Where the images that the run was trained on are now, if they have moved: images:DIR or npy:FILE.");

    public Option<string?> DataFolder { get; } = CommonOptions.DataFolder();

    public Option<string> Input { get; } = CommonOptions.Required<string>(
        "--input",
        "DIR|FILE",
        "A folder of PNG, JPEG, WebP or BMP images, one such image, a .npy or .npz file, or an IDX file.");

    public Option<bool> Resize { get; } = CommonOptions.Flag("--resize", "Stretch images of another size to the model's.");

    public Option<bool> Gray { get; } = CommonOptions.Gray();

    public ComputeOptions Compute { get; } = new();

    public TrainedModel Load(ParseResult parsed, Terminal terminal)
    {
        var device = Compute.Apply(parsed, terminal);
        return TrainedModel.Load(parsed.GetRequiredValue(Run), parsed.GetValue(Checkpoint), device, terminal.Warn);
    }

    public DatasetSplits LoadData(ParseResult parsed, TrainedModel model) =>
        RunDataset.LoadTrainedOn(model.Configuration, parsed.GetValue(DataFolder), parsed.GetValue(Dataset));

    public ImageSet Read(ParseResult parsed, TrainedModel model, string path, Terminal terminal) =>
        model.Read(path, parsed.GetValue(Resize), parsed.GetValue(Gray), terminal.Warn);
}

/// <summary>The options that say where and with how many threads to compute.</summary>
internal sealed class ComputeOptions
{
    private const int MostThreads = 1024;

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

    /// <summary>
    /// The device, for which the native libraries are loaded when it is first asked for; at once where the command line names a
    /// device or a libtorch, which may not be there.
    /// </summary>
    public Lazy<torch.Device> WhenNeeded(ParseResult parsed, Terminal terminal)
    {
        parsed.Within(_threads, 1, MostThreads);
        var device = new Lazy<torch.Device>(() => Apply(parsed, terminal));
        if (parsed.GetResult(_device) is { Implicit: false } || parsed.GetValue(_libtorch) is not null)
        {
            _ = device.Value;
        }

        return device;
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
        if (parsed.GetValue(_threads) is null && ProcessGroup.OfProcess.Count == 1)
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

    /// <summary>
    /// Loads the native libraries and sets the threads to the number that is asked for, or to this process's part of
    /// all.
    /// </summary>
    public void FixThreads(ParseResult parsed)
    {
        int? threads = parsed.Within(_threads, 1, MostThreads);
        if (parsed.GetValue(_libtorch) is { } folder)
        {
            NativeLibraries.UseLibtorch(folder);
        }

        var group = ProcessGroup.OfProcess;
        if (group.Count > 1 && string.Equals(parsed.GetValue(_device), "cuda", StringComparison.Ordinal))
        {
            group.TakeDevice();
        }

        NativeLibraries.EnsureLoaded();

        // More than there are cores would wait for each other; libtorch does not ask how many of them a container may use.
        int cores = Environment.ProcessorCount;
        int most = threads ?? Math.Min(torch.get_num_threads(), Math.Max(1, cores / group.Neighbours.Count));
        torch.set_num_threads(Math.Min(most, cores));
    }
}
