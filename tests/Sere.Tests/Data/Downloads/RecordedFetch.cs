using Sere.Data.Downloads;

namespace Sere.Tests.Data.Downloads;

/// <summary>Remembers what an observer is told.</summary>
internal sealed class RecordedFetch : IFetchObserver
{
    public List<string> Present { get; } = [];

    public List<(string Name, long Bytes, long? Of)> Progress { get; } = [];

    public List<string> Fetched { get; } = [];

    public List<string> Warnings { get; } = [];

    /// <summary>Is called with each count of bytes.</summary>
    public Action<long>? OnBytes { get; set; }

    public void OnPresent(string path) => Present.Add(path);

    public void OnProgress(string name, long bytes, long? of)
    {
        Progress.Add((name, bytes, of));
        OnBytes?.Invoke(bytes);
    }

    public void OnFetched(string path) => Fetched.Add(path);

    public void OnWarning(string sentence) => Warnings.Add(sentence);
}
