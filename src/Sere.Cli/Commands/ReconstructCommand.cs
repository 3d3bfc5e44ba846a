using System.CommandLine;
using Sere.Runs.Pictures;

namespace Sere.Cli.Commands;

/// <summary><c>sere reconstruct RUN</c>: a picture of test images and what the model makes of them.</summary>
internal static class ReconstructCommand
{
    private const int MostColumns = 10;

    public static Command Create(Terminal terminal)
    {
        var options = new ModelOptions();
        var count = CommonOptions.Value("--count", "N", 20, "How many images, the first ones of the test split.");
        var teacherForced = CommonOptions.Flag(
            "--teacher-forced", "Show each block the true block before it instead of the model's own: this leaks pixels.");
        var output = CommonOptions.Value("--out", "FILE.png", "reconstructions.png", "The picture.");
        var command = new Command("reconstruct", "Encode test images and draw them again, beside the originals.")
        {
            options.Run, count, teacherForced, options.Checkpoint, options.Dataset, options.DataFolder, output,
        };
        options.Compute.AddTo(command);
        command.SetAction(parsed =>
        {
            int images = parsed.Within(count, 1, 10_000);
            string path = parsed.GetRequiredValue(output);
            CommonOptions.RequireOutput(output.Name, path, [".png"]);
            using var model = options.Load(parsed, terminal);
            var test = options.LoadData(parsed, model).Test;
            var (originals, reconstructions) = model.Reconstruct(
                test.Slice(0, Math.Min(images, test.Count)), parsed.GetValue(teacherForced));
            ImageGrid.WritePairs(path, originals, reconstructions, Math.Min(MostColumns, originals.Count));
            terminal.Output.WriteLine(path);
        });
        return command;
    }
}
