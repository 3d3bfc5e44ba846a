using System.CommandLine;
using Sere.Runs.Pictures;

namespace Sere.Cli.Commands;

/// <summary><c>sere reconstruct RUN</c>: a picture of images and what the model makes of them.</summary>
internal static class ReconstructCommand
{
    private const int MostColumns = 10;

    public static Command Create(Terminal terminal)
    {
        var options = new ModelOptions();
        var count = CommonOptions.Value("--count", "N", 20, "How many images, the first ones.");
        var teacherForced = CommonOptions.Flag(
            "--teacher-forced", "Show each block the true block before it instead of the model's own: this leaks pixels.");
        var input = CommonOptions.Value<string?>(
            "--input", "DIR|FILE", "Images of your own instead: a folder, an image, a .npy or .npz file, or an IDX file.");
        var output = CommonOptions.Value("--out", "FILE.png", "reconstructions.png", "The picture.");
        var command = new Command("reconstruct", "Encode images and draw them again, beside the originals.")
        {
            options.Run, input, options.Resize, options.Gray, count, teacherForced, options.Checkpoint, options.Dataset,
            options.DataFolder, output,
        };
        options.Compute.AddTo(command);
        command.SetAction(parsed =>
        {
            int images = parsed.Within(count, 1, 10_000);
            string path = parsed.GetRequiredValue(output);
            string? own = parsed.GetValue(input);
            CommonOptions.RequireOutput(output.Name, path, [".png"], own is null ? [] : [own]);
            using var model = options.Load(parsed, terminal);
            var test = own is null ? options.LoadData(parsed, model).Test : options.Read(parsed, model, own, terminal);
            var (originals, reconstructions) = model.Reconstruct(
                test.Slice(0, Math.Min(images, test.Count)), parsed.GetValue(teacherForced));
            ImageGrid.WritePairs(path, originals, reconstructions, Math.Min(MostColumns, originals.Count));
            terminal.Output.WriteLine(path);
        });
        return command;
    }
}
