using Sere.Data.Downloads;
using Spectre.Console;

namespace Sere.Cli.Progress;

/// <summary>Shows how a download goes: a bar for each file on a terminal, else a line for each tenth of a file.</summary>
internal sealed class FetchProgress(Terminal terminal, ProgressContext? display) : IFetchObserver
{
    private readonly Dictionary<string, ProgressTask> _bars = new(StringComparer.Ordinal);
    private string? _name;
    private int _lastTenth;

    /// <summary>Runs <paramref name="work"/>, which tells the observer how it goes.</summary>
    public static T Show<T>(Terminal terminal, Func<IFetchObserver, T> work) => terminal.IsLive
        ? terminal.Messages.Progress()
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn(),
                new PercentageColumn(),
                new DownloadedColumn(),
                new TransferSpeedColumn())
            .Start(display => work(new FetchProgress(terminal, display)))
        : work(new FetchProgress(terminal, display: null));

    public void OnPresent(string path) => Say($"{Path.GetFileName(path)}: there already, verified");

    public void OnProgress(string name, long bytes, long? of)
    {
        if (display is not null)
        {
            Draw(display, name, bytes, of);
            return;
        }

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
            terminal.Say($"{name}: {bytes:N0} of {of:N0} bytes");
        }
    }

    public void OnFetched(string path)
    {
        if (display is null)
        {
            terminal.Say($"{Path.GetFileName(path)}: downloaded, verified");
        }
        else if (_bars.TryGetValue(Path.GetFileName(path), out ProgressTask? bar))
        {
            bar.IsIndeterminate = false;
            bar.StopTask();
        }
    }

    public void OnWarning(string sentence) => Say($"warning: {sentence}");

    private void Draw(ProgressContext context, string name, long bytes, long? of)
    {
        if (!_bars.TryGetValue(name, out ProgressTask? bar))
        {
            bar = context.AddTask(Markup.Escape(name));
            _bars.Add(name, bar);
        }

        // A size of 0 would make a bar that is full before its time.
        bar.IsIndeterminate = of is null or 0;
        bar.MaxValue = Math.Max(1, of ?? bytes);
        bar.Value = bytes;
    }

    // Above the bars, which are drawn again below it.
    private void Say(string line)
    {
        if (display is null)
        {
            terminal.Say(line);
        }
        else
        {
            terminal.Messages.WriteLine(line);
        }
    }
}
