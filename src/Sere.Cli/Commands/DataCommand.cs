using System.CommandLine;
using System.Text.Json;
using Sere.Cli.Progress;
using Sere.Data;
using Sere.Data.Downloads;
using Sere.Runs;
using Spectre.Console;

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

/// <summary><c>sere data info [NAME]</c>: the known data sets, or the files of one and whether they are sound.</summary>
internal static class DataInfoCommand
{
    public static Command Create(Terminal terminal)
    {
        var name = new Argument<string?>("NAME")
        {
            Description = "A data set whose files to verify.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var dataFolder = CommonOptions.DataFolder();
        var json = CommonOptions.Json();
        var command = new Command("info", "List the data sets, or verify the files of one and say what it is.")
        {
            name, dataFolder, json,
        };
        command.SetAction(parsed =>
        {
            DatasetInfo? chosen = parsed.GetValue(name) is { } given ? DatasetInfo.Find(given) : null;
            string folder = DataFolder.Resolve(parsed.GetValue(dataFolder));
            bool asJson = parsed.GetValue(json);
            if (chosen is null)
            {
                List(terminal, folder, asJson);
                return;
            }

            LocalDataset? local = chosen.Download is { } download ? LocalDataset.Inspect(download, folder) : null;
            if (asJson)
            {
                Write(terminal, Report(chosen, local));
            }
            else
            {
                Print(terminal, chosen, local);
            }

            local?.RequireUsable();
        });
        return command;
    }

    private static void List(Terminal terminal, string folder, bool asJson)
    {
        if (asJson)
        {
            Write(terminal, new
            {
                DataFolder = folder,
                Datasets = DatasetInfo.Known.Select(info => new
                {
                    info.Name,
                    info.Description,
                    BuiltIn = info.Download is null,
                    Files = info.Download?.Files.Count ?? 0,
                    FilesPresent = info.Download is { } download ? LocalDataset.CountFiles(download, folder) : 0,
                }),
            });
            return;
        }

        var table = new Table().Border(TableBorder.None).HideHeaders();
        table.AddColumns("name", "what", "where");
        foreach (DatasetInfo info in DatasetInfo.Known)
        {
            string where = info.Download is { } download
                ? $"{LocalDataset.CountFiles(download, folder)} of {download.Files.Count} files"
                : "built in";
            table.AddRow(Markup.Escape(info.Name), Markup.Escape(info.Description), where);
        }

        terminal.Results.Write(table);
        terminal.Output.WriteLine($"data folder: {folder}");
    }

    private static void Print(Terminal terminal, DatasetInfo info, LocalDataset? local)
    {
        terminal.Output.WriteLine($"{info.Name}: {info.Description}");
        terminal.Output.WriteLine(
            $"images: {info.TrainImages:N0} for training, {info.TestImages:N0} for testing, each {info.Shape}");
        terminal.Output.WriteLine($"credit: {info.Credit}");
        if (local is null)
        {
            terminal.Output.WriteLine("built in, needs no download");
            return;
        }

        terminal.Output.WriteLine($"folder: {local.Folder}");
        var table = new Table().Border(TableBorder.Rounded)
            .AddColumn("file").AddColumn(new TableColumn("bytes, unpacked").RightAligned()).AddColumn("state");
        foreach (LocalFile file in local.Files)
        {
            table.AddRow(
                Markup.Escape(Path.GetFileName(file.Path) ?? file.Expected.Name),
                $"{(file.State == LocalFileState.Abridged ? file.Expected.Abridged! : file.Expected).Size:N0}",
                State(file));
        }

        terminal.Results.Write(table);
        if (local.ArchivePartialBytes > 0)
        {
            terminal.Output.WriteLine($"{local.ArchivePartialBytes:N0} bytes of {local.Dataset.Archive!.Name} are here");
        }

        if (TestImagesHere(info, local) is { } images && images < info.TestImages)
        {
            terminal.Output.WriteLine($"only the first {images:N0} test images are here; reports are on those");
        }
    }

    private static int? TestImagesHere(DatasetInfo info, LocalDataset? local) =>
        local?.IsUsable == false ? null
        : local?.Files.Any(file => file.State == LocalFileState.Abridged) == true ? info.AbridgedTestImages
        : info.TestImages;

    private static string State(LocalFile file) =>
        file is { State: LocalFileState.Missing, PartialBytes: > 0 }
            ? $"missing; {file.PartialBytes:N0} bytes are here"
            : Name(file.State);

    private static string Name(LocalFileState state) => JsonNamingPolicy.CamelCase.ConvertName(state.ToString());

    private static object Report(DatasetInfo info, LocalDataset? local) => new
    {
        info.Name,
        info.Description,
        BuiltIn = local is null,
        Shape = (int[])[info.Shape.Channels, info.Shape.Height, info.Shape.Width],
        info.TrainImages,
        info.TestImages,
        TestImagesHere = TestImagesHere(info, local),
        info.Credit,
        local?.Folder,
        IsComplete = local?.IsComplete ?? true,
        IsUsable = local?.IsUsable ?? true,
        ArchivePartialBytes = local?.ArchivePartialBytes ?? 0,
        Files = (local?.Files ?? []).Select(file => new
        {
            file.Expected.Name,
            file.Path,
            State = Name(file.State),
            file.Expected.Size,
            file.Expected.Sha256,
            file.Expected.Md5,
            file.PartialBytes,
        }),
    };

    private static void Write(Terminal terminal, object report) =>
        terminal.Output.WriteLine(JsonSerializer.Serialize(report, RunJson.Line));
}
