using Spectre.Console;

namespace Sere.Cli.Progress;

/// <summary>Shows how many images of a longer work are done: a bar on a terminal, else a line each tenth.</summary>
internal static class ImageProgress
{
    /// <summary>Runs <paramref name="work"/>, which reports the images done and of all.</summary>
    public static T Show<T>(Terminal terminal, string what, Func<Action<int, int>, T> work)
    {
        if (!terminal.IsLive)
        {
            return work(Lines(terminal, what));
        }

        return terminal.Messages.Progress().AutoClear(true).Start(display =>
        {
            var task = display.AddTask(what);
            return work((images, of) =>
            {
                task.MaxValue = of;
                task.Value = images;
            });
        });
    }

    public static Action<int, int> Lines(Terminal terminal, string what)
    {
        int lastTenth = 0;
        return (images, of) =>
        {
            int tenth = (int)(10L * images / of);
            if (tenth != lastTenth)
            {
                lastTenth = tenth;
                terminal.Say($"{what}: {images} of {of} images");
            }
        };
    }
}
