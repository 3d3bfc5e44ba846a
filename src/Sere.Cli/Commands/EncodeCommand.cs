using System.CommandLine;

namespace Sere.Cli.Commands;

/// <summary><c>sere encode RUN --input DIR --out FILE.npy</c>: the codes of images, for use elsewhere.</summary>
internal static class EncodeCommand
{
    public static Command Create(Terminal terminal)
    {
        var options = new ModelOptions();
        var seed = CommonOptions.Seed("binarization");
        var output = CommonOptions.Required<string>(
            "--out", "FILE.npy|FILE.npz", "The codes: .npy for one array [images, latents], .npz for an array a layer.");
        var command = new Command("encode", "Write the codes z of images (posterior means, layer after layer) for NumPy.")
        {
            options.Run, options.Input, output, options.Resize, options.Gray, options.Checkpoint, seed,
        };
        options.Compute.AddTo(command);
        command.SetAction(parsed =>
        {
            string path = parsed.GetRequiredValue(output);
            string input = parsed.GetRequiredValue(options.Input);
            CommonOptions.RequireOutput(output.Name, path, [".npy", ".npz"], input);
            using var model = options.Load(parsed, terminal);
            model.Encode(options.Read(parsed, model, input, terminal), parsed.GetValue(seed)).Write(path);
            terminal.Output.WriteLine(path);
        });
        return command;
    }
}
