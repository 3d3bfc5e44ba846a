using System.CommandLine;
using System.Net;
using Sere.Cli.Studio;

namespace Sere.Cli.Commands;

/// <summary><c>sere studio [FOLDER]</c>: a local page over all runs below a folder.</summary>
internal sealed class StudioCommand(Terminal terminal, Interruption interruption)
{
    private readonly Argument<string> _folder = new("FOLDER")
    {
        Description = "The folder below which runs and comparisons are shown; by default the working folder.",
        DefaultValueFactory = _ => ".",
    };

    private readonly Option<string[]> _images = new("--images")
    {
        HelpName = "DIR",
        Description = "A folder whose images may be chosen for a verdict, beside FOLDER; may be given several times.",
    };

    private readonly Option<int> _port = CommonOptions.Value("--port", "N", 0, "The port; 0 for any free one.");
    private readonly Option<string?> _listen = CommonOptions.Value<string?>(
        "--listen",
        "ADDRESS",
        "Listen at this address of this machine (0.0.0.0 for all) instead of for this machine alone: whoever reaches it and has the "
        + "token sees the runs and computes with their models, and nothing is encrypted on the way.");

    private readonly ComputeOptions _compute = new();

    public static Command Create(Terminal terminal, Interruption interruption)
    {
        var studio = new StudioCommand(terminal, interruption);
        var command = new Command(
            "studio", "Show the runs below a folder as a page in the browser: curves, samples, latents, verdicts.")
        {
            studio._folder, studio._images, studio._port, studio._listen,
        };
        studio._compute.AddTo(command);
        command.SetAction(studio.Execute);
        return command;
    }

    private int Execute(ParseResult parsed)
    {
        var address = IPAddress.Loopback;
        if (parsed.GetValue(_listen) is { } given && !IPAddress.TryParse(given, out address))
        {
            throw new UsageException($"--listen takes an address such as 0.0.0.0 or 192.168.1.5, not '{given}'.");
        }

        var options = new StudioOptions(parsed.GetRequiredValue(_folder))
        {
            ImageFolders = parsed.GetValue(_images) ?? [],
            Address = address,
            Port = parsed.Within(_port, 0, ushort.MaxValue),
            Device = _compute.WhenNeeded(parsed, terminal),
        };
        var stop = interruption.Listen();
        ServeAsync(options, stop).GetAwaiter().GetResult();
        return ExitCode.Done;
    }

    private async Task ServeAsync(StudioOptions options, CancellationToken stop)
    {
        var server = await StudioServer.StartAsync(options, stop).ConfigureAwait(false);
        await using (server.ConfigureAwait(false))
        {
            terminal.Output.WriteLine(server.Address);
            terminal.Say("Open this address in a browser; Ctrl-C ends.");
            if (!IPAddress.IsLoopback(options.Address))
            {
                terminal.Warn(
                    "Whoever reaches this machine and has the address with its token sees the runs and computes with their models; "
                    + "nothing is encrypted on the way.");
            }

            try
            {
                await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                // It was asked to end.
            }
        }
    }
}
