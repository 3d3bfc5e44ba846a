using Sere.Data.Downloads;

namespace Sere.Cli.Progress;

/// <summary>A line for each tenth of a file and for each file that is done.</summary>
internal sealed class PlainFetchObserver : IFetchObserver
{
    private readonly Terminal _terminal;
    private string? _name;
    private int _lastTenth;

    public PlainFetchObserver(Terminal terminal)
    {
        _terminal = terminal;
    }

    public void OnPresent(string path) => _terminal.Say($"{Path.GetFileName(path)}: there already, verified");

    public void OnProgress(string name, long bytes, long? of)
    {
        int tenth = of is > 0 and { } size ? (int)Math.Min(10, 10 * bytes / size) : 0;
        if (!string.Equals(_name, name, StringComparison.Ordinal) || tenth < _lastTenth)
        {
            // What came before this download is not its progress.
            _name = name;
            _lastTenth = tenth;
        }

        if (tenth > _lastTenth)
        {
            _lastTenth = tenth;
            _terminal.Say($"{name}: {bytes:N0} of {of:N0} bytes");
        }
    }

    public void OnFetched(string path) => _terminal.Say($"{Path.GetFileName(path)}: downloaded, verified");

    public void OnWarning(string sentence) => _terminal.Warn(sentence);
}
