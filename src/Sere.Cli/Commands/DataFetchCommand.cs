using System.CommandLine;
using Sere.Cli.Progress;
using Sere.Data;
using Sere.Data.Downloads;

namespace Sere.Cli.Commands;

/// <summary><c>sere data fetch NAME</c>: downloads a data set into the data folder.</summary>
internal static class DataFetchCommand
{
    public static Command Create(Terminal terminal, Interruption interruption)
    {
        var name = new Argument<string>("NAME") { Description = "The data set, such as mnist." };
        var dataFolder = CommonOptions.DataFolder();
        var mirror = CommonOptions.Value<string?>(
            "--mirror", "URL", "Address of a folder to download from instead of the public mirrors; verified the same way.");
        var force = CommonOptions.Flag(
            "--force", "Replace files that are there but damaged; without it they are named and nothing is downloaded.");
        var command = new Command(
            "fetch", "Download a data set and verify it. What is there is kept; what broke off goes on.")
        {
            name, dataFolder, mirror, force,
        };
        command.SetAction(parsed =>
        {
            string chosen = parsed.GetRequiredValue(name);
            RemoteDataset dataset = DatasetInfo.FindDownload(chosen);
            dataset = parsed.GetValue(mirror) is { } address ? dataset.FromMirror(address) : dataset;
            string folder = DataFolder.Resolve(parsed.GetValue(dataFolder));
            var options = new FetchOptions { ReplaceDamaged = parsed.GetValue(force) };
            try
            {
                terminal.Output.WriteLine(FetchProgress.Show(terminal, observer => new DatasetFetcher(options, observer)
                    .FetchAsync(dataset, folder, interruption.Listen()).GetAwaiter().GetResult()));
            }
            catch (OperationCanceledException error)
            {
                throw new OperationCanceledException("Interrupted; the same command goes on where it stopped.", error);
            }
        });
        return command;
    }
}
