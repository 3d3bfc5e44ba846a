// Trains on a folder of normal images, and says of each image of another folder whether it is like them.
//   dotnet run -c Release recipes/TrainAndJudge.cs -- NORMAL OTHERS RUN
// Without arguments it draws parts itself, normal and not, and trains for two epochs only.
#:project ../src/Sere.Runs/Sere.Runs.csproj
#:property PublishAot=false

using System.Globalization;
using Sere.Data;
using Sere.Runs;

bool isOwn = args.Length == 3;
string folder = isOwn ? args[2] : Path.Combine("runs", $"recipe-{Guid.NewGuid():N}");

// Looks at the images and chooses a preset, its epochs and the size that large ones are brought to.
var chosen = PresetByImages.Choose(isOwn ? $"images:{args[0]}" : "parts") ?? throw new InvalidOperationException("These are no images.");
Console.WriteLine(chosen.Sentence);
var configuration = chosen.Configuration;
if (!isOwn)
{
    configuration = configuration with
    {
        Dataset = configuration.Dataset with { TrainingImages = 100 },
        Training = configuration.Training with { Epochs = 2 },
        Evaluation = configuration.Evaluation with { ImportanceSamples = 5 },
    };
}

using (var run = TrainingRun.Start(configuration, RunDataset.Load(configuration), new RunFolder(folder)))
{
    Console.WriteLine(run.Execute().Learned);
}

using var model = TrainedModel.Load(folder);
ImageSet others = isOwn ? model.Read(args[1]) : PartsGenerator.GenerateDefects(colour: false, count: 10);
string table = Path.Combine(folder, "verdicts.csv");
File.WriteAllLines(table, model.Verdict(others)
    .Select(verdict => string.Create(
        CultureInfo.InvariantCulture,
        $"\"{verdict.Name}\",{verdict.Novelty:F3},{verdict.Percentile:F1},{(verdict.IsFlagged ? 1 : 0)}"))
    .Prepend("image,novelty,percentile,flagged"));
Console.WriteLine(table);
