using Sere.Data;
using Sere.Tests.Cli;
using Sere.Tests.Data;
using Xunit;

[assembly: AssemblyFixture(typeof(TrainedRun))]

namespace Sere.Tests.Cli;

/// <summary>
/// A tiny model that the command line trained on a folder of digits: once for all tests, and only if one asks for it.
/// </summary>
public sealed class TrainedRun : IDisposable
{
    /// <summary>Of the folder's images a tenth are test images, and a tenth of all are given for validation.</summary>
    internal const int Images = 100;

    internal const int TestImages = 10;
    internal const int ValidationImages = 10;
    internal const int Epochs = 2;
    internal const int StepsPerEpoch = 4;
    internal const int Layers = 3;

    private readonly TemporaryFolder _folder = new();
    private readonly Lazy<ProgramResult> _training;

    public TrainedRun()
    {
        _training = new Lazy<ProgramResult>(() => BuiltProgram.Sere.Run(Command("--run", Folder)).Done());
    }

    /// <summary>What the training process left.</summary>
    internal ProgramResult Training => _training.Value;

    /// <summary>The folder of the run, trained.</summary>
    internal string Root
    {
        get
        {
            _ = Training;
            return Folder;
        }
    }

    /// <summary>A folder of 28 x 28 grey PNG files.</summary>
    internal string ImageFolder
    {
        get
        {
            string folder = _folder.File("images");
            lock (_folder)
            {
                if (!Directory.Exists(folder))
                {
                    WriteDigits(folder, Images);
                }
            }

            return folder;
        }
    }

    private string Folder => _folder.File("run");

    /// <summary>The command that trains a model of this size.</summary>
    internal string[] Command(params string[] more) =>
        ["train", "--dataset", "images:" + ImageFolder, .. Settings, .. more];

    /// <summary>Options that make training a matter of a second.</summary>
    internal static string[] Settings { get; } =
    [
        "--threads", "1", "--epochs", $"{Epochs}",
        "--set", $"dataset.validationImages={ValidationImages}",
        "--set", "training.batchSize=20",
        "--set", $"model.layers={Layers}",
        "--set", "model.latents=2",
        "--set", "model.evidence.network.hidden=[8]",
        "--set", "model.prior.network.hidden=[4]",
        "--set", "model.bijector.network.hidden=[4]",
        "--set", "model.data.network.hidden=[8]",
        "--set", "evaluation.importanceSamples=5",
    ];

    /// <summary>A copy of the run, to be damaged.</summary>
    internal string Copy(string folder) => TemporaryFolder.Copy(Root, folder);

    /// <summary>Writes the first built-in test digits as 000.png, 001.png and so on.</summary>
    internal static void WriteDigits(string folder, int count)
    {
        var digits = DigitsGenerator.GenerateTest(count: count);
        Directory.CreateDirectory(folder);
        for (int i = 0; i < count; i++)
        {
            byte[] pixels = digits.Slice(i, 1).Pixels;
            File.WriteAllBytes(
                Path.Combine(folder, $"{i:D3}.png"),
                Pictures.Encode(28, 28, (x, y) => Pictures.Level(pixels[(28 * y) + x])));
        }
    }

    public void Dispose() => _folder.Dispose();
}
