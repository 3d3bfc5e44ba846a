using Sere.Data.Downloads;

namespace Sere.Data;

/// <summary>The folder that downloaded data sets are looked for in.</summary>
internal static class DataFolder
{
    /// <summary>The environment variable that names the folder where no option does.</summary>
    public const string EnvironmentVariable = "SERE_DATA";

    /// <summary>
    /// The full path of the folder: the option, else the environment variable SERE_DATA, else "sere/data" in the user's
    /// cache folder. It need not exist. Empty values count as not given.
    /// </summary>
    public static string Resolve(string? option) => Resolve(option, Environment.GetEnvironmentVariable);

    internal static string Resolve(string? option, Func<string, string?> environment)
    {
        if (!string.IsNullOrEmpty(option))
        {
            return Path.GetFullPath(option);
        }

        string? named = environment(EnvironmentVariable);
        return Path.GetFullPath(
            string.IsNullOrEmpty(named) ? Path.Combine(CacheFolder(environment), "sere", "data") : named);
    }

    private static string CacheFolder(Func<string, string?> environment)
    {
        string? cache = environment("XDG_CACHE_HOME");
        // The XDG rules: a relative path is not valid and is ignored.
        if (!string.IsNullOrEmpty(cache) && Path.IsPathRooted(cache))
        {
            return cache;
        }

        if (OperatingSystem.IsWindows())
        {
            cache = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        }
        else
        {
            string? home = environment("HOME");
            string folder = OperatingSystem.IsMacOS() ? Path.Combine("Library", "Caches") : ".cache";
            cache = string.IsNullOrEmpty(home) ? null : Path.Combine(home, folder);
        }

        return string.IsNullOrEmpty(cache)
            ? throw new SereException(
                $"No cache folder is known for this user; set {EnvironmentVariable} or --data-dir to the data folder.")
            : cache;
    }
}

/// <summary>A file of a downloaded data set, under any of the names and in any of the folders that tools give it.</summary>
internal static class DataFile
{
    public const string GzipSuffix = ".gz";

    /// <summary>What torchvision calls the folder of a data set of the form of MNIST: their files have the same names.</summary>
    public static string TorchvisionFolder(string folder) =>
        string.Equals(Path.GetFileName(folder), RemoteDataset.FashionMnist.Name, StringComparison.Ordinal)
            ? "FashionMNIST"
            : "MNIST";

    /// <summary>
    /// The path that is read for a name: in the folder itself before those of other tools, as it is before gzipped;
    /// null where there is none.
    /// </summary>
    public static string? Find(string folder, string name, bool mayBeZipped = true)
    {
        string beside = Path.Combine(folder, "..");
        string[] folders =
        [
            folder,
            Path.Combine(folder, "raw"),
            Path.Combine(beside, TorchvisionFolder(folder), "raw"),
            Path.Combine(folder, "cifar-10-batches-bin"),
            Path.Combine(beside, "cifar-10-batches-bin"),
            Path.Combine(folder, "cifar-10-batches-py"),
            Path.Combine(beside, "cifar-10-batches-py"),
        ];
        string dotted = name.Replace("-idx", ".idx", StringComparison.Ordinal);
        string[] names = mayBeZipped ? [name, name + GzipSuffix, dotted, dotted + GzipSuffix] : [name];
        return folders.SelectMany(_ => names, Path.Combine).FirstOrDefault(File.Exists) is { } found
            ? Path.GetFullPath(found)
            : null;
    }
}
