using Sere.Data.Downloads;
using Spectre.Console;

namespace Sere.Cli.Progress;

/// <summary>A bar for each file, on a terminal.</summary>
internal sealed class LiveFetchObserver : IFetchObserver
{
    private readonly Terminal _terminal;
    private readonly ProgressContext _display;
    private readonly Dictionary<string, ProgressTask> _tasks = new(StringComparer.Ordinal);

    public LiveFetchObserver(Terminal terminal, ProgressContext display)
    {
        _terminal = terminal;
        _display = display;
    }

    public void OnPresent(string path) => Note($"{Path.GetFileName(path)}: there already, verified");

    public void OnProgress(string name, long bytes, long? of)
    {
        if (!_tasks.TryGetValue(name, out ProgressTask? task))
        {
            task = _display.AddTask(Markup.Escape(name));
            _tasks.Add(name, task);
        }

        // A size of 0 would make a bar that is full before its time.
        task.IsIndeterminate = of is null or 0;
        task.MaxValue = Math.Max(1, of ?? bytes);
        task.Value = bytes;
    }

    public void OnFetched(string path)
    {
        if (_tasks.TryGetValue(Path.GetFileName(path), out ProgressTask? task))
        {
            task.IsIndeterminate = false;
            task.StopTask();
        }
    }

    public void OnWarning(string sentence) => Note($"warning: {sentence}");

    // Above the bars, which are drawn again below it.
    private void Note(string line) => _terminal.Messages.WriteLine(line);
}
