// The library in a few lines: load a run, judge images, draw images.
//   dotnet run --project examples/QuickStart -- RUN IMAGES
using Sere.Data;
using Sere.Runs;
using Sere.Runs.Pictures;

using var model = TrainedModel.Load(args[0]);
ImageSet images = model.Read(args[1]);

foreach (ImageVerdict verdict in model.Verdict(images))
{
    Console.WriteLine($"{verdict.Name}: novelty {verdict.Novelty:F1}, above {verdict.Percentile:F0} % of normal images"
        + (verdict.IsFlagged ? ", flagged" : ""));
}

ImageGrid.Write("quickstart-samples.png", model.Sample(16), columns: 4);
Console.WriteLine("drew quickstart-samples.png");
