using System.CommandLine;
using Sere.Runs;
using Sere.Runs.Pictures;

namespace Sere.Cli.Commands;

/// <summary><c>sere reconstruct RUN</c>: a picture of test images and what the model makes of them.</summary>
internal static class ReconstructCommand
{
    private const int MostColumns = 10;

    public static Command Create(Terminal terminal)
    {
        var run = CommonOptions.Run();
        var checkpoint = CommonOptions.Checkpoint();
        var dataset = CommonOptions.Dataset();
        var dataFolder = CommonOptions.DataFolder();
        var count = new Option<int>("--count")
        {
            Description = "How many images, the first ones of the test split.",
            HelpName = "N",
            DefaultValueFactory = _ => 20,
        };
        var teacherForced = new Option<bool>("--teacher-forced")
        {
            Description = "Show each block the true block before it instead of the model's own: this leaks pixels.",
        };
        var output = new Option<string>("--out")
        {
            Description = "The picture.",
            HelpName = "FILE.png",
            DefaultValueFactory = _ => "reconstructions.png",
        };
        var compute = new ComputeOptions();
        var command = new Command("reconstruct", "Encode test images and draw them again, beside the originals.")
        {
            run, count, teacherForced, checkpoint, dataset, dataFolder, output,
        };
        compute.AddTo(command);
        command.SetAction(parsed =>
        {
            int images = parsed.Within(count, 1, 10_000);
            string path = parsed.GetRequiredValue(output);
            CommonOptions.RequireOutput(output.Name, path, [".png"]);
            var device = compute.Apply(parsed, terminal);
            using var model = TrainedModel.Load(
                parsed.GetRequiredValue(run), parsed.GetValue(checkpoint), device, terminal.Warn);
            var test = RunDataset.LoadTrainedOn(
                model.Configuration, parsed.GetValue(dataFolder), parsed.GetValue(dataset)).Test;
            var (originals, reconstructions) = model.Reconstruct(
                test.Slice(0, Math.Min(images, test.Count)), parsed.GetValue(teacherForced));
            ImageGrid.WritePairs(path, originals, reconstructions, Math.Min(MostColumns, originals.Count));
            terminal.Output.WriteLine(path);
        });
        return command;
    }
}
