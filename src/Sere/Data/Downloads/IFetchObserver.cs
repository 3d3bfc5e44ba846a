namespace Sere.Data.Downloads;

/// <summary>Is told how a download goes. Calls come one after the other, not always on the same thread.</summary>
public interface IFetchObserver
{
    /// <summary>A file is there already, with the right content.</summary>
    /// <param name="path">Where it is.</param>
    void OnPresent(string path);

    /// <summary>Bytes of a file have come.</summary>
    /// <param name="name">The file's name on the mirror.</param>
    /// <param name="bytes">How many bytes of it are here, those of an earlier download included.</param>
    /// <param name="of">How many bytes it has, or null where the mirror does not say.</param>
    void OnProgress(string name, long bytes, long? of);

    /// <summary>A file has come whole, is verified and in its place.</summary>
    /// <param name="path">Where it is.</param>
    void OnFetched(string path);

    /// <summary>Something went wrong that is tried again, or at another mirror.</summary>
    /// <param name="sentence">One sentence about it.</param>
    void OnWarning(string sentence);
}
