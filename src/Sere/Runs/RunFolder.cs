using Sere.Models.Configuration;
using Sere.Storage;

namespace Sere.Runs;

/// <summary>The places of what a run leaves.</summary>
public sealed class RunFolder
{
    /// <summary>The folder of a run, whether it exists or not.</summary>
    public RunFolder(string path)
        : this(path, PhysicalFileSystem.Instance)
    {
    }

    /// <summary>The folder of a run on a file system.</summary>
    internal RunFolder(string path, IFileSystem files)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Root = path;
        Files = files;
    }

    /// <summary>What the run writes through.</summary>
    internal IFileSystem Files { get; }

    /// <summary>The folder itself.</summary>
    public string Root { get; }

    /// <summary>The resolved configuration: all that is needed to rebuild the model.</summary>
    public string Configuration => Path.Combine(Root, "config.json");

    /// <summary>A line for each epoch.</summary>
    public string Metrics => Path.Combine(Root, "metrics.jsonl");

    /// <summary>The command line that started the run.</summary>
    public string Command => Path.Combine(Root, "command.txt");

    /// <summary>Weights and training state.</summary>
    public string Checkpoints => Path.Combine(Root, "checkpoints");

    /// <summary>The metrics of the epochs as TensorBoard reads them.</summary>
    public string TensorBoard => Path.Combine(Root, "tensorboard");

    /// <summary>Images drawn from the model.</summary>
    public string Samples => Path.Combine(Root, "samples.png");

    /// <summary>Test images and what the model makes of them.</summary>
    public string Reconstructions => Path.Combine(Root, "reconstructions.png");

    /// <summary>The evidence lower bound over the epochs.</summary>
    public string LearningCurve => Path.Combine(Root, "learning-curve.png");

    /// <summary>Kullback-Leibler divergence of each layer (Figure S8).</summary>
    public string KlPerLayer => Path.Combine(Root, "kl-per-layer.png");

    /// <summary>What the residual data layer adds in each block (Figure S7), for a model that has one.</summary>
    public string ResidualGain => Path.Combine(Root, "residual-gain.png");

    /// <summary>The density over the plane, for a model of two real dimensions.</summary>
    public string Density => Path.Combine(Root, "density.png");

    /// <summary>Scores of held-out images by so many importance samples: what scores are compared with.</summary>
    public string HeldOutScores(int importanceSamples) => Path.Combine(Root, $"held-out-scores-{importanceSamples}.json");

    /// <summary>What the run was and what came out.</summary>
    public string Report => Path.Combine(Root, "report.md");

    /// <summary>Whether a run has been started here.</summary>
    public bool HoldsRun => File.Exists(Configuration);

    /// <summary>Reads the run's configuration.</summary>
    /// <exception cref="SereException">It is missing or damaged.</exception>
    public ExperimentConfiguration ReadConfiguration()
    {
        try
        {
            return ConfigurationFile.Load(Configuration);
        }
        catch (UsageException error)
        {
            // Nobody asked for this configuration: it was sound when the run wrote it.
            throw new SereException($"The configuration of the run is damaged: {error.Message}", error);
        }
    }

    /// <summary>The command line of the run; empty where none is kept.</summary>
    /// <exception cref="SereException">It cannot be read.</exception>
    internal string ReadCommand()
    {
        try
        {
            return File.Exists(Command) ? File.ReadAllText(Command) : "";
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            throw FileFault.Reading(Command, error);
        }
    }

    /// <summary>Refuses a folder that another run has written to.</summary>
    /// <exception cref="UsageException">It holds a run, or checkpoints of one.</exception>
    internal void RequireNoRun()
    {
        if (HoldsRun || (Directory.Exists(Checkpoints) && Directory.EnumerateFileSystemEntries(Checkpoints).Any()))
        {
            throw new UsageException(
                $"'{Root}' holds a run already; go on with it by --resume, or name another folder with --run.");
        }
    }

    /// <summary>
    /// Makes the folder and holds it until the result is disposed, so that no two processes train in it at once.
    /// </summary>
    /// <exception cref="RunFolderTakenException">Another process holds it.</exception>
    /// <exception cref="SereException">It cannot be made.</exception>
    internal FileStream Claim()
    {
        Create();
        string path = Path.Combine(Root, "run.lock");
        try
        {
            return new FileStream(
                path,
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None,
                bufferSize: 1,
                FileOptions.DeleteOnClose);
        }
        catch (Exception error) when (FileFault.IsFault(error))
        {
            // A lock that cannot be opened although it is there is held by somebody.
            throw error is not IOException || !File.Exists(path) ? FileFault.Writing(path, error) : new RunFolderTakenException(
                $"Another process is training in '{Root}'; wait until it has ended, or name another folder with --run.", error);
        }
    }

    /// <summary>Makes the folder.</summary>
    /// <exception cref="SereException">It cannot be made.</exception>
    public void Create() => Create(Checkpoints);

    /// <summary>Makes the folder alone, without one for checkpoints.</summary>
    /// <exception cref="SereException">It cannot be made.</exception>
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
