using Sere.Runs.Configuration;
using Sere.Storage;

namespace Sere.Runs;

/// <summary>
/// The places of what a run leaves. Each is looked at when it is asked for: it and the folders on the way below
/// <see cref="Root"/> must be no links, or a <see cref="SereException"/> is thrown.
/// </summary>
public sealed class RunFolder
{
    private const long LargestCommand = 1 << 20;

    /// <summary>The folder of a run, whether it exists or not.</summary>
    public RunFolder(string path)
        : this(path, PhysicalFileSystem.Instance)
    {
    }

    internal RunFolder(string path, IFileSystem files)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Root = path;
        Files = files;
    }

    internal IFileSystem Files { get; }

    /// <summary>The folder itself.</summary>
    public string Root { get; }

    /// <summary>The resolved configuration: all that is needed to rebuild the model.</summary>
    public string Configuration => LinkFreePath.Below(Root, "config.json");

    /// <summary>A line for each epoch.</summary>
    public string Metrics => LinkFreePath.Below(Root, "metrics.jsonl");

    /// <summary>The command line that started the run.</summary>
    public string Command => LinkFreePath.Below(Root, "command.txt");

    /// <summary>Weights and training state.</summary>
    public string Checkpoints => LinkFreePath.Below(Root, "checkpoints");

    /// <summary>The metrics of the epochs as TensorBoard reads them.</summary>
    public string TensorBoard => LinkFreePath.Below(Root, "tensorboard");

    /// <summary>Images drawn from the model.</summary>
    public string Samples => LinkFreePath.Below(Root, "samples.png");

    /// <summary>Test images and what the model makes of them.</summary>
    public string Reconstructions => LinkFreePath.Below(Root, "reconstructions.png");

    /// <summary>The evidence lower bound over the epochs.</summary>
    public string LearningCurve => LinkFreePath.Below(Root, "learning-curve.png");

    /// <summary>Kullback-Leibler divergence of each layer (Figure S8).</summary>
    public string KlPerLayer => LinkFreePath.Below(Root, "kl-per-layer.png");

    /// <summary>What the residual data layer adds in each block (Figure S7), for a model that has one.</summary>
    public string ResidualGain => LinkFreePath.Below(Root, "residual-gain.png");

    /// <summary>The density over the plane, for a model of two real dimensions.</summary>
    public string Density => LinkFreePath.Below(Root, "density.png");

    /// <summary>Scores of held-out images by so many importance samples: what scores are compared with.</summary>
    internal string HeldOutScores(int importanceSamples) => LinkFreePath.Below(Root, $"held-out-scores-{importanceSamples}.json");

    /// <summary>Figures of held-out images: what a verdict compares with.</summary>
    internal string NormalImages => LinkFreePath.Below(Root, "normal-images.json");

    /// <summary>What the run was and what came out.</summary>
    public string Report => LinkFreePath.Below(Root, "report.md");

    /// <summary>Whether a run has been started here.</summary>
    public bool HoldsRun => File.Exists(Configuration);

    /// <summary>The files that a run writes over, but for its configuration and checkpoints.</summary>
    private IEnumerable<string> Written =>
    [
        Metrics, Command, Samples, Reconstructions, LearningCurve, KlPerLayer, ResidualGain, Density, NormalImages, Report,
        .. Directory.GetFiles(Root, "held-out-scores-*.json"),
    ];

    /// <summary>Reads the run's configuration.</summary>
    /// <exception cref="SereException">It is missing or damaged.</exception>
    public ExperimentConfiguration ReadConfiguration()
    {
        try
        {
            return ConfigurationFile.Load<ExperimentConfiguration>(
                Configuration, "configuration file", path => OrdinaryFile.OpenRead(path));
        }
        catch (UsageException error)
        {
            // Nobody asked for this configuration: it was sound when the run wrote it.
            throw new SereException($"The configuration of the run is damaged: {error.Message}", error);
        }
    }

    /// <summary>The text of the run's configuration.</summary>
    internal string ReadConfigurationText() => ReadText(Configuration, ConfigurationFile.MaximumBytes);

    /// <summary>The command line of the run; empty where none is kept.</summary>
    internal string ReadCommand() => ReadText(Command, LargestCommand);

    /// <summary>A text file that a run or a comparison keeps; empty where there is none.</summary>
    /// <exception cref="SereException">It cannot be read.</exception>
    internal static string ReadText(string path, long largest) => FileFault.Reading(
        path, () => OrdinaryFile.HasContent(path) ? OrdinaryFile.ReadAllText(path, largest) : "");

    /// <summary>Refuses a folder that another run has written to, or where a run would write over what somebody keeps.</summary>
    /// <exception cref="UsageException">It holds a run, or checkpoints of one, or files of the names that a run writes.</exception>
    internal void RequireNoRun()
    {
        if (HoldsRun || (Directory.Exists(Checkpoints) && Directory.EnumerateFileSystemEntries(Checkpoints).Any()))
        {
            throw new UsageException(
                $"'{Root}' holds a run already; go on with it by --resume, or name another folder with --run.");
        }

        if (Directory.Exists(Root) && Written.FirstOrDefault(File.Exists) is { } file)
        {
            throw new UsageException(
                $"'{Root}' holds no run (no config.json), but a file '{Path.GetFileName(file)}', which one would write over; "
                + "name another folder with --run.");
        }
    }

    /// <summary>
    /// Makes the folder and holds it until the result is disposed, so that no two processes train in it at once.
    /// </summary>
    internal FileStream Claim()
    {
        Create();
        // Better now than when the run has ended and writes its report.
        _ = Written;
        return FolderLock.Take(Root, "run.lock", error => new RunFolderTakenException(
            $"Another process is training in '{Root}'; wait until it has ended, or name another folder with --run.", error));
    }

    internal void Create() => Create(Checkpoints);

    internal void CreateRoot() => Create(Root);

    private void Create(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SereException($"The folder '{Root}' cannot be made: {error.Message}", error);
        }
    }

    /// <summary>A folder under <paramref name="parent"/> that holds no run yet: NAME, else NAME-2, NAME-3, ...</summary>
    public static RunFolder Unused(string parent, string name)
    {
        var folder = new RunFolder(Path.Combine(parent, name));
        for (int number = 2; Directory.Exists(folder.Root) || File.Exists(folder.Root); number++)
        {
            folder = new RunFolder(Path.Combine(parent, $"{name}-{number}"));
        }

        return folder;
    }

    /// <summary>The folder of a run that exists.</summary>
    /// <exception cref="SereException">There is no run in it.</exception>
    public static RunFolder Existing(string path)
    {
        var folder = new RunFolder(path);
        return folder.HoldsRun
            ? folder
            : throw new SereException(File.Exists(path)
                ? $"'{path}' is a file and no run; name the folder that sere train made."
                : $"There is no run in '{path}' (no config.json); name the folder that sere train made.");
    }
}

/// <summary>Another process trains in the folder.</summary>
public sealed class RunFolderTakenException : SereException
{
    internal RunFolderTakenException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
