using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using Sere.Cli.Progress;
using Sere.Data;
using Sere.Distributed;
using Sere.Runs;
using Sere.Runs.Configuration;
using Spectre.Console;
using TorchSharp;

namespace Sere.Cli.Commands;

/// <summary><c>sere train</c>: trains, evaluates, and leaves a run folder.</summary>
internal sealed class TrainCommand(Terminal terminal, Interruption interruption)
{
    private const string RunsFolder = "runs";
    private const string DefaultPreset = "digits";
    private const string FeaturesPreset = "features";

    private readonly ComputeOptions _compute = new();
    private readonly Option<string?> _dataFolder = CommonOptions.DataFolder();
    private readonly Option<string?> _preset = CommonOptions.Value<string?>(
        "--preset", "NAME", "A preset (see sere presets); by default the one that suits the images of --dataset, else digits.")
        .Offering(Presets.Names);

    private readonly Option<string?> _config = CommonOptions.Value<string?>(
        "--config", "FILE", "A configuration file instead of a preset.");

    private readonly Option<string?> _dataset = CommonOptions.Value<string?>(
        "--dataset",
        "NAME",
        "digits or parts (built in), mnist, images:DIR for a folder of PNG, JPEG, WebP or BMP images, or npy:FILE for a .npy "
        + "or .npz file; with --resume, where the run's images are now.");

    private readonly Option<string?> _resize = CommonOptions.Value<string?>(
        "--resize", "HEIGHTxWIDTH", "Stretch every image to this size, such as 28x28.");

    private readonly Option<bool> _gray = CommonOptions.Gray();
    private readonly Option<ImageFeatures?> _features = CommonOptions.Value<ImageFeatures?>(
        "--features",
        "resnet18",
        "Train on what a network of that name sees in the images and not on their pixels; by default with preset features.");

    private readonly Option<string?> _run = CommonOptions.Value<string?>(
        "--run", "DIR", "The folder to make; by default runs/PRESET, or runs/PRESET-DATA with other data than the preset's.");

    private readonly Option<int?> _epochs = CommonOptions.Value<int?>(
        "--epochs", "N", "Epochs of the run; its schedules stretch with it.");

    private readonly Option<long?> _seed = CommonOptions.Value<long?>("--seed", "S", "Seed of the run.");
    private readonly Option<string[]> _set = CommonOptions.Value<string[]>(
        "--set", "PATH=VALUE", "Change a value of the configuration, such as model.layers=12; can be given several times.");

    private readonly Option<bool> _resume = CommonOptions.Flag(
        "--resume", "Go on with the run in --run, or in the folder that it has by default.");

    private RunFolder? _folder;
    private PresetByImages? _chosen;

    public static Command Create(Terminal terminal, Interruption interruption)
    {
        var train = new TrainCommand(terminal, interruption);
        var command = new Command("train", "Train a model, evaluate it, and leave weights, pictures and a report.")
        {
            train._preset, train._config, train._dataset, train._dataFolder, train._resize, train._gray, train._features, train._run,
            train._epochs, train._seed, train._set, train._resume,
        };
        train._features.AcceptOnlyFromAmong(StringComparer.OrdinalIgnoreCase, "resnet18");
        train._compute.AddTo(command);
        command.SetAction(train.Execute);
        return command;
    }

    private int Execute(ParseResult parsed)
    {
        var named = Named(parsed);
        if (parsed.GetValue(_run) is { } given && !parsed.GetValue(_resume) && ProcessGroup.OfProcess.IsFirst)
        {
            // Before the images are looked at, which may take long.
            new RunFolder(given).RequireNoRun();
            RunDataset.RequireElsewhere(parsed.GetValue(_dataset) ?? "", given, _run.Name);
        }

        var resumed = parsed.GetValue(_resume) ? Resumed(parsed, named) : null;
        var stored = resumed?.ReadConfiguration();
        // The images of a run that goes on may have moved: they are no other data where their digest is the same.
        string? dataset = parsed.GetValue(_dataset) is not null && stored is { Dataset.Digest.Length: > 0 }
            ? stored.Dataset.Name
            : parsed.GetValue(_dataset);
        var configuration = named is null && stored is not null
            ? WithOptions(parsed, stored, dataset)
            : Requested(parsed, named, dataset);
        if (stored is not null)
        {
            RequireSame(stored, configuration, resumed!);
        }

        var device = _compute.Apply(parsed, terminal);
        SplitEvaluation Train(IRunObserver observer) => this.Train(
            parsed,
            stopping =>
            {
                // What was read to choose a preset and is of no use any more must not stay in memory.
                (var read, _chosen) = (_chosen?.ReadFor(configuration), null);
                var splits = stored is null
                    ? read ?? RunDataset.Load(configuration, parsed.GetValue(_dataFolder))
                    : RunDataset.LoadTrainedOn(stored, parsed.GetValue(_dataFolder), parsed.GetValue(_dataset));
                if (stopping.IsCancellationRequested)
                {
                    throw new OperationCanceledException("Interrupted before training began; nothing was changed.", stopping);
                }

                if (resumed is null)
                {
                    return Start(parsed, configuration, splits, device, observer);
                }

                var run = TrainingRun.Resume(
                    resumed, stored!, splits, observer, device, requireMemory: true, group: ProcessGroup.OfProcess);
                return (run, resumed);
            });

        // The results come once the display is closed: it would draw over them.
        var evaluation = terminal.IsLive
            ? terminal.Messages.Live(new Text("")).Start(display => Train(new LiveRunObserver(display)))
            : Train(new PlainRunObserver(terminal));
        EvaluateCommand.Print(terminal, evaluation);
        terminal.Say(evaluation.Learned ?? "");
        terminal.Output.WriteLine($"{_folder!.Report}");
        return ExitCode.Done;
    }

    private SplitEvaluation Train(ParseResult parsed, Func<CancellationToken, (TrainingRun Run, RunFolder Folder)> open)
    {
        // Before the data are read, which may take long: a signal then must not end the process by itself.
        var stopping = interruption.Listen();
        var (run, folder) = open(stopping);
        _folder = folder;
        using (run)
        {
            try
            {
                return run.Execute(stopping);
            }
            catch (OperationCanceledException error)
            {
                throw new OperationCanceledException(
                    $"Interrupted; go on with: {ResumeCommand(parsed, folder)}", error, error.CancellationToken);
            }
            catch (ProcessLostException error)
            {
                throw new SereException($"{error.Message} Go on with: {ResumeCommand(parsed, folder)}", error);
            }
            catch (SereException error) when (error.InnerException is IOException)
            {
                throw new SereException($"{error.Message} Once that is mended, go on with: {ResumeCommand(parsed, folder)}", error);
            }
            catch (SereException error) when (error.InnerException is ExternalException)
            {
                throw new SereException($"{error.Message.TrimEnd('.')}: {ResumeCommand(parsed, folder)}", error);
            }
        }
    }

    private string ResumeCommand(ParseResult parsed, RunFolder folder)
    {
        string dataFolder = parsed.GetValue(_dataFolder) is { Length: > 0 } given ? $" --data-dir {ShellText.Quote(given)}" : "";
        string dataset = parsed.GetValue(_resume) && parsed.GetValue(_dataset) is { } moved
            ? $" --dataset {ShellText.Quote(moved)}"
            : "";
        int processes = ProcessGroup.OfProcess.Count;
        string launcher = processes == 1 ? "" : $"mpirun -n {processes} ";
        string run = $"sere train --run {ShellText.Quote(folder.Root)}";
        return $"{launcher}{run}{dataset}{dataFolder}{_compute.Given(parsed)} --resume";
    }

    private (TrainingRun Run, RunFolder Folder) Start(
        ParseResult parsed,
        ExperimentConfiguration configuration,
        DatasetSplits splits,
        torch.Device device,
        IRunObserver observer)
    {
        var group = ProcessGroup.OfProcess;
        while (true)
        {
            string? given = parsed.GetValue(_run);
            var folder = given is null ? RunFolder.Unused(RunsFolder, configuration.Name) : new RunFolder(given);
            folder = group.Count == 1 ? folder : new RunFolder(group.Broadcast(folder.Root));
            try
            {
                var run = TrainingRun.Start(
                    configuration,
                    splits,
                    folder,
                    ShellText.OfProcess(),
                    observer,
                    device,
                    requireMemory: true,
                    group: group);
                return (run, folder);
            }
            catch (RunFolderTakenException) when (given is null && group.Count == 1)
            {
                // Another process was quicker with the same name: the next one is free.
            }
        }
    }

    private ExperimentConfiguration? Named(ParseResult parsed)
    {
        string? preset = parsed.GetValue(_preset);
        string? file = parsed.GetValue(_config);
        if (preset is not null && file is not null)
        {
            throw new UsageException("--preset and --config exclude each other; give one of them.");
        }

        return preset is not null ? Presets.Load(preset)
            : file is not null ? ConfigurationFile.Load(file)
            : null;
    }

    private ExperimentConfiguration WithOptions(
        ParseResult parsed, ExperimentConfiguration configuration, string? dataset)
    {
        configuration = configuration with
        {
            Seed = parsed.GetValue(_seed) ?? configuration.Seed,
            Dataset = configuration.Dataset with
            {
                Name = dataset ?? configuration.Dataset.Name,
                Gray = parsed.GetValue(_gray) || configuration.Dataset.Gray,
                Features = parsed.GetValue(_features) ?? configuration.Dataset.Features,
                Resize = parsed.GetValue(_resize) is { } size ? Size(size) : configuration.Dataset.Resize,
            },
            Training = configuration.Training with { Epochs = parsed.GetValue(_epochs) ?? configuration.Training.Epochs },
        };

        // First by itself, so that a refusal names the value and not --set.
        configuration.Validate();
        return WithFullPath(ConfigurationOverrides.Apply(configuration, parsed.GetValue(_set) ?? []));
    }

    /// <summary>What a new run is asked to be: named after its data where that is not the configuration's own.</summary>
    private ExperimentConfiguration Requested(ParseResult parsed, ExperimentConfiguration? named, string? dataset)
    {
        if (named is null && dataset is not null && parsed.GetValue(_features) is null && Chosen(parsed, dataset) is { } chosen)
        {
            return WithOptions(parsed, chosen, dataset);
        }

        named ??= Presets.Load(parsed.GetValue(_features) is null ? DefaultPreset : FeaturesPreset);
        return WithOptions(parsed, OtherData.Describe(named, WithOptions(parsed, named, dataset).Dataset.Name), dataset);
    }

    /// <summary>What suits the images of a data set, of which the user is told; null where they are none.</summary>
    private ExperimentConfiguration? Chosen(ParseResult parsed, string dataset)
    {
        var chosen = PresetByImages.Choose(
            dataset,
            parsed.GetValue(_dataFolder),
            parsed.GetValue(_gray),
            parsed.GetValue(_resize) is { } size ? Size(size) : null);
        if (chosen is not null && !parsed.GetValue(_resume))
        {
            terminal.Say(chosen.Sentence);
        }

        _chosen = chosen;
        return chosen?.Configuration;
    }

    // A folder is kept with its full path, whoever named it: the run is evaluated from elsewhere later.
    private static ExperimentConfiguration WithFullPath(ExperimentConfiguration configuration)
    {
        var dataset = configuration.Dataset;
        return configuration with { Dataset = dataset with { Name = DatasetCatalog.WithFullPath(dataset.Name) } };
    }

    private static ImageSize Size(string text)
    {
        string[] sides = text.Split('x');
        return sides.Length == 2
            && int.TryParse(sides[0], NumberStyles.None, CultureInfo.InvariantCulture, out int height)
            && int.TryParse(sides[1], NumberStyles.None, CultureInfo.InvariantCulture, out int width)
            ? new ImageSize(height, width)
            : throw new UsageException($"--resize takes a height and a width in pixels, such as 28x28, not '{text}'.");
    }

    private RunFolder Resumed(ParseResult parsed, ExperimentConfiguration? named) => RunFolder.Existing(
        parsed.GetValue(_run) ?? Path.Combine(RunsFolder, Requested(parsed, named, parsed.GetValue(_dataset)).Name));

    private static void RequireSame(ExperimentConfiguration stored, ExperimentConfiguration requested, RunFolder folder)
    {
        // What the run itself has set is no wish of the user's.
        requested = requested with
        {
            Dataset = requested.Dataset with
            {
                Shape = stored.Dataset.Shape,
                Scale = requested.Dataset.Scale ?? stored.Dataset.Scale,
                Range = stored.Dataset.Range,
                Digest = stored.Dataset.Digest,
            },
        };
        if (ConfigurationDifference.First(WithFullPath(stored), requested) is { } difference)
        {
            throw new UsageException(
                $"The run '{folder.Root}' cannot go on with another configuration: {difference}; leave the options out, or "
                + "start a new run.");
        }
    }
}
