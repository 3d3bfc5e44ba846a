using System.CommandLine;
using System.Globalization;
using Sere.Data;
using Sere.Runs;
using Sere.Runs.Pictures;

namespace Sere.Cli.Commands;

/// <summary><c>sere sample RUN</c>: a picture of images drawn from the model, or of a path through its latent space.</summary>
internal sealed class SampleCommand(Terminal terminal)
{
    private readonly ModelOptions _options = new();
    private readonly Option<long> _seed = CommonOptions.Seed("the images; image i is the same whatever the count");
    private readonly Option<int> _count = CommonOptions.Value("--count", "N", 100, "How many images.");
    private readonly Option<double> _temperature = new("--temperature")
    {
        Description = "Factor on the standard deviation of the latents; 1 samples the model itself.",
        HelpName = "T",
        DefaultValueFactory = _ => 1,
        CustomParser = CommonOptions.ParseNumber,
    };

    private readonly Option<string[]> _interpolate = new("--interpolate")
    {
        Description = "Draw the way from one image to another instead: two files, or numbers of test images (from 0).",
        HelpName = "A B",
        Arity = new ArgumentArity(2, 2),
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<int?> _traverse = CommonOptions.Value<int?>(
        "--traverse",
        "LAYER",
        "Draw what each latent of a layer (from 0) does to an image instead, from -3 to 3 standard deviations.");

    private readonly Option<int> _steps = CommonOptions.Value("--steps", "N", 11, "Images of a path.");
    private readonly Option<string> _output = CommonOptions.Value("--out", "FILE.png", "samples.png", "The picture.");

    public static Command Create(Terminal terminal)
    {
        var sample = new SampleCommand(terminal);
        var options = sample._options;
        var command = new Command("sample", "Draw images from a model, or a path through its latent space, into a picture.")
        {
            options.Run, sample._count, sample._temperature, sample._interpolate, sample._traverse, sample._steps, sample._seed,
            options.Checkpoint, options.Dataset, options.DataFolder, options.Resize, options.Gray, sample._output,
        };
        options.Compute.AddTo(command);
        command.SetAction(sample.Execute);
        return command;
    }

    private int Execute(ParseResult parsed)
    {
        int count = parsed.Within(_count, 1, 10_000);
        int steps = parsed.Within(_steps, 2, 1000);
        double temperature = parsed.GetValue(_temperature);
        if (!(temperature >= 0 && temperature <= 10))
        {
            throw new UsageException($"--temperature {temperature} is out of range; give a number from 0 to 10.");
        }

        string[] ends = parsed.GetValue(_interpolate) ?? [];
        int? layer = parsed.GetValue(_traverse);
        if (ends.Length > 0 && layer is not null)
        {
            throw new UsageException("--interpolate and --traverse exclude each other; give one of them.");
        }

        bool isPath = ends.Length > 0 || layer is not null;
        RequireMeaning(parsed, isPath);
        string path = parsed.GetRequiredValue(_output);
        CommonOptions.RequireOutput(_output.Name, path, [".png"], ends);
        using var model = _options.Load(parsed, terminal);
        long seed = parsed.GetValue(_seed);
        if (ends.Length > 0)
        {
            var images = ends.Select(end => Image(parsed, model, end)).ToArray();
            ImageGrid.Write(path, LatentPaths.Interpolate(model, images[0], images[1], steps, seed), steps + 2);
        }
        else if (layer is { } traversed)
        {
            ImageGrid.Write(path, LatentPaths.Traverse(model, traversed, steps, seed), steps);
        }
        else
        {
            ImageGrid.Write(path, model.Sample(count, seed, temperature), (int)Math.Ceiling(Math.Sqrt(count)));
        }

        terminal.Output.WriteLine(path);
        return ExitCode.Done;
    }

    private void RequireMeaning(ParseResult parsed, bool isPath)
    {
        Option? idle = ((Option[])(isPath ? [_count, _temperature] : [_steps]))
            .FirstOrDefault(option => parsed.GetResult(option) is { Implicit: false });
        if (idle is not null)
        {
            throw new UsageException(isPath
                ? $"{idle.Name} has no meaning for a path through the latent space; leave it out."
                : $"{idle.Name} has a meaning with --interpolate or --traverse alone; give one of them, or leave it out.");
        }
    }

    private ImageSet Image(ParseResult parsed, TrainedModel model, string end)
    {
        if (!int.TryParse(end, NumberStyles.None, CultureInfo.InvariantCulture, out int index))
        {
            var read = _options.Read(parsed, model, end, terminal);
            return read.Count == 1 ? read : throw new UsageException($"'{end}' holds {read.Count} images; name a file of one.");
        }

        var test = _options.LoadData(parsed, model).Test;
        return index < test.Count ? test.Slice(index, 1) : throw new UsageException(
            $"There is no test image {index}; the {test.Count} test images have the numbers 0 to {test.Count - 1}.");
    }
}
