namespace Sere.Storage;

/// <summary>
/// Places below a folder that the user named. Who made the folder may be a stranger: a link in it would lead what is read
/// and written to any file of the user, so none is followed. The folder itself may be a link.
/// </summary>
internal static class LinkFreePath
{
    /// <summary>A place below a folder, checked at each call: to be asked for anew before each use.</summary>
    public static string Below(string root, params ReadOnlySpan<string> names)
    {
        string path = root;
        foreach (string name in names)
        {
            path = Path.Combine(path, name);
            if ((new FileInfo(path).LinkTarget ?? new DirectoryInfo(path).LinkTarget) is not null)
            {
                throw new SereException(
                    $"'{path}' is a link, and none is followed inside of '{root}'; remove it, or put there what it leads to.");
            }
        }

        return path;
    }

    /// <summary>Whether two paths name one place. The file system's rule for upper and lower case is not known: equal but for that is too near.</summary>
    public static bool AreSame(string one, string other) => Full(one).Equals(Full(other), StringComparison.OrdinalIgnoreCase);

    private static string Full(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
}
