using System.CommandLine;

namespace Sere.Cli.Commands;

/// <summary><c>sere data</c>: data sets on this machine.</summary>
internal static class DataCommand
{
    public static Command Create(Terminal terminal, Interruption interruption) =>
        new("data", "Download data sets, write their images as files, and say what is on this machine.")
        {
            DataFetchCommand.Create(terminal, interruption),
            DataExportCommand.Create(terminal, interruption),
            DataInfoCommand.Create(terminal),
        };
}
