// Draws images from a model: a PNG file each, and a sheet of them all.
//   dotnet run -c Release recipes/ExportSamples.cs -- RUN FOLDER [COUNT] [TEMPERATURE]
#:project ../src/Sere.Runs/Sere.Runs.csproj
#:property PublishAot=false

using System.Globalization;
using Sere.Runs;
using Sere.Runs.Pictures;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int count = args.Length > 2 ? int.Parse(args[2]) : 16;
double temperature = args.Length > 3 ? double.Parse(args[3]) : 1;
Directory.CreateDirectory(args[1]);
using var model = TrainedModel.Load(args[0]);
var drawn = model.Sample(count, seed: 1, temperature);
int size = drawn.Values.Length / count;
for (int image = 0; image < count; image++)
{
    var one = new ImageBatch(drawn.Values.Slice(image * size, size), 1, drawn.Channels, drawn.Height, drawn.Width);
    ImageGrid.Write(Path.Combine(args[1], $"{image:D5}.png"), one, columns: 1, scale: 1, gap: 0);
}

ImageGrid.Write(Path.Combine(args[1], "all.png"), drawn, columns: (int)Math.Ceiling(Math.Sqrt(count)));
Console.WriteLine(args[1]);
