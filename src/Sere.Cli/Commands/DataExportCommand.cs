using System.CommandLine;
using Sere.Cli.Progress;
using Sere.Data;
using Sere.Data.Downloads;

namespace Sere.Cli.Commands;

/// <summary><c>sere data export NAME --out DIR</c>: writes the images of a data set as PNG files.</summary>
internal static class DataExportCommand
{
    public static Command Create(Terminal terminal, Interruption interruption)
    {
        var name = new Argument<string>("NAME") { Description = "The data set, such as parts." };
        var output = CommonOptions.Required<string>("--out", "DIR", "The folder to make.");
        var dataFolder = CommonOptions.DataFolder();
        var command = new Command(
            "export",
            "Write the images of a data set as PNG files: train/ and test/, with a folder for each label, and for the defects of "
            + "parts.")
        {
            name, output, dataFolder,
        };
        command.SetAction(parsed =>
        {
            DatasetInfo info = DatasetInfo.Find(parsed.GetRequiredValue(name));
            string folder = parsed.GetRequiredValue(output);
            string? data = parsed.GetValue(dataFolder);
            terminal.Output.WriteLine(ImageProgress.Show(terminal, "written", onWritten =>
            {
                DatasetExport.Write(info.Name, data, folder, onWritten, terminal.Warn, interruption.Listen());
                return folder;
            }));
        });
        return command;
    }
}
