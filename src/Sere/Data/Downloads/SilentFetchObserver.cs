namespace Sere.Data.Downloads;

/// <summary>Tells nobody how a download goes.</summary>
internal sealed class SilentFetchObserver : IFetchObserver
{
    public void OnPresent(string path)
    {
    }

    public void OnProgress(string name, long bytes, long? of)
    {
    }

    public void OnFetched(string path)
    {
    }

    public void OnWarning(string sentence)
    {
    }
}
