using Sere.Data.Downloads;
using Spectre.Console;

namespace Sere.Cli.Progress;

/// <summary>Shows how a download goes: a bar for each file on a terminal, else lines.</summary>
internal static class FetchProgress
{
    /// <summary>Runs <paramref name="work"/>, which tells the observer how it goes.</summary>
    public static T Show<T>(Terminal terminal, Func<IFetchObserver, T> work) => terminal.IsLive
        ? terminal.Messages.Progress()
            .Columns(
                new TaskDescriptionColumn { Alignment = Justify.Left },
                new ProgressBarColumn(),
                new PercentageColumn(),
                new DownloadedColumn(),
                new TransferSpeedColumn())
            .Start(display => work(new LiveFetchObserver(terminal, display)))
        : work(new PlainFetchObserver(terminal));
}
