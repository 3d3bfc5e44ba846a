namespace Sere.Data.Downloads;

/// <summary>What is on this disk of a data set that can be downloaded.</summary>
/// <param name="Dataset">The data set.</param>
/// <param name="Folder">The folder of its files, which need not exist.</param>
/// <param name="Files">Each of its files.</param>
public sealed record LocalDataset(RemoteDataset Dataset, string Folder, IReadOnlyList<LocalFile> Files)
{
    /// <summary>Whether every file is there with the right content.</summary>
    public bool IsComplete => Files.All(file => file.State == LocalFileState.Verified);

    /// <summary>Whether every file is there with the right content, or a shorter one that will do.</summary>
    public bool IsUsable => Files.All(file => file.State is LocalFileState.Verified or LocalFileState.Abridged);

    /// <summary>How much of its archive a broken-off download left that the next one goes on from, in bytes.</summary>
    public long ArchivePartialBytes { get; init; }

    /// <summary>Looks at the files and verifies the content of each; this reads them to their ends.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="dataFolder">The data folder; see <see cref="DataFolder.Resolve(string?)"/>.</param>
    /// <exception cref="SereException">A file is there but cannot be read.</exception>
    public static LocalDataset Inspect(RemoteDataset dataset, string dataFolder)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(dataFolder);
        string folder = dataset.FolderIn(dataFolder);
        return dataset.Archive is { } archive
            ? new LocalDataset(dataset, folder, [.. dataset.Files.Select(file => LocalFile.InspectUnpacked(file, folder))])
            {
                ArchivePartialBytes = new PartFile(folder, archive.Name).Length,
            }
            : new LocalDataset(dataset, folder, [.. dataset.Files.Select(file => LocalFile.Inspect(file, folder))]);
    }

    /// <summary>How many files are there under their names, whatever their content; this reads none.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="dataFolder">The data folder.</param>
    public static int CountFiles(RemoteDataset dataset, string dataFolder)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        ArgumentNullException.ThrowIfNull(dataFolder);
        string folder = dataset.FolderIn(dataFolder);
        return dataset.Files.Count(file => dataset.Archive is null
            ? DataFile.Find(folder, file.Name) is not null
            : DataFile.Find(folder, file.Name, mayBeZipped: false) is not null);
    }

    /// <summary>Refuses a data set that cannot be used, by the names of what is missing or damaged.</summary>
    /// <exception cref="SereException">Files are missing or damaged.</exception>
    public void RequireUsable()
    {
        if (!IsUsable)
        {
            string force = Files.Any(file => file.State == LocalFileState.Damaged) ? " --force" : "";
            throw new SereException(
                $"Data set '{Dataset.Name}' is not complete in '{Folder}' (missing: {Names(LocalFileState.Missing)}; damaged: "
                + $"{Names(LocalFileState.Damaged)}); run sere data fetch {Dataset.Name}{force}.");
        }
    }

    private string Names(LocalFileState state)
    {
        string[] names =
        [
            .. Files.Where(file => file.State == state).Select(file => Path.GetFileName(file.Path) ?? file.Expected.Name),
        ];
        return names.Length > 0 ? string.Join(", ", names) : "none";
    }
}
