// The library in a few lines: load a run, score images, draw images.
//   dotnet run --project examples/QuickStart -- RUN
using Sere.Data;
using Sere.Runs;
using Sere.Runs.Pictures;

using var model = TrainedModel.Load(args[0]);
ImageSet images = DigitsGenerator.GenerateTest(count: 5);

double[] logLikelihood = model.LogLikelihood(images);
Console.WriteLine($"log p(x) >= {string.Join(", ", logLikelihood.Select(nats => $"{nats:F1}"))} nats");

ImageGrid.Write("quickstart-samples.png", model.Sample(16), columns: 4);
Console.WriteLine("drew quickstart-samples.png");
