using System.CommandLine;
using Sere.Runs;
using Sere.Runs.Pictures;

namespace Sere.Cli.Commands;

/// <summary><c>sere sample RUN</c>: a picture of images drawn from the model.</summary>
internal static class SampleCommand
{
    public static Command Create(Terminal terminal)
    {
        var run = CommonOptions.Run();
        var checkpoint = CommonOptions.Checkpoint();
        var seed = CommonOptions.Seed("the images; image i is the same whatever the count");
        var count = new Option<int>("--count")
        {
            Description = "How many images.",
            HelpName = "N",
            DefaultValueFactory = _ => 100,
        };
        var temperature = new Option<double>("--temperature")
        {
            Description = "Factor on the standard deviation of the latents; 1 samples the model itself.",
            HelpName = "T",
            DefaultValueFactory = _ => 1,
        };
        var output = new Option<string>("--out")
        {
            Description = "The picture.",
            HelpName = "FILE.png",
            DefaultValueFactory = _ => "samples.png",
        };
        var compute = new ComputeOptions();
        var command = new Command("sample", "Draw images from a model into a picture.")
        {
            run, count, temperature, seed, checkpoint, output,
        };
        compute.AddTo(command);
        command.SetAction(parsed =>
        {
            int images = parsed.Within(count, 1, 10_000);
            double heat = parsed.GetValue(temperature);
            if (!(heat >= 0 && heat <= 10))
            {
                throw new UsageException($"--temperature {heat} is out of range; give a number from 0 to 10.");
            }

            var device = compute.Apply(parsed);
            using var model = TrainedModel.Load(
                parsed.GetRequiredValue(run), parsed.GetValue(checkpoint), device, terminal.Warn);
            string path = parsed.GetRequiredValue(output);
            int columns = (int)Math.Ceiling(Math.Sqrt(images));
            ImageGrid.Write(path, model.Sample(images, parsed.GetValue(seed), heat), columns);
            terminal.Output.WriteLine(path);
        });
        return command;
    }
}
