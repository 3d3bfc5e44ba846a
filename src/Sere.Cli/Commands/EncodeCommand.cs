using System.CommandLine;
using Sere.Runs;

namespace Sere.Cli.Commands;

/// <summary><c>sere encode RUN --input DIR --out FILE.npy</c>: the codes of images, for use elsewhere.</summary>
internal static class EncodeCommand
{
    public static Command Create(Terminal terminal)
    {
        var run = CommonOptions.Run();
        var checkpoint = CommonOptions.Checkpoint();
        var seed = CommonOptions.Seed("binarization");
        var input = CommonOptions.Input();
        var output = new Option<string>("--out")
        {
            Description = "The codes: .npy for one array [images, latents], .npz for an array a layer.",
            HelpName = "FILE.npy|FILE.npz",
            Required = true,
        };
        var resize = CommonOptions.Resize();
        var gray = CommonOptions.Gray();
        var compute = new ComputeOptions();
        var command = new Command("encode", "Write the codes z of images (posterior means, layer after layer) for NumPy.")
        {
            run, input, output, resize, gray, checkpoint, seed,
        };
        compute.AddTo(command);
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(output);
            CommonOptions.RequireOutput(output.Name, path, [".npy", ".npz"], parsed.GetRequiredValue(input));
            var device = compute.Apply(parsed, terminal);
            using var model = TrainedModel.Load(
                parsed.GetRequiredValue(run), parsed.GetValue(checkpoint), device, terminal.Warn);
            var images = model.Read(
                parsed.GetRequiredValue(input), parsed.GetValue(resize), parsed.GetValue(gray), terminal.Warn);
            model.Encode(images, parsed.GetValue(seed)).Write(path);
            terminal.Output.WriteLine(path);
        });
        return command;
    }
}
