// Which of two models gives images the higher likelihood? Both score the same images, and the differences are tested.
//   dotnet run -c Release recipes/CompareModels.cs -- RUN OTHER-RUN IMAGES [IMPORTANCE-SAMPLES]
#:project ../src/Sere.Runs/Sere.Runs.csproj
#:property PublishAot=false

using System.Globalization;
using Sere.Evaluation;
using Sere.Runs;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
int samples = args.Length > 3 ? int.Parse(args[3]) : 50;
var (first, second) = (Score(args[0]), Score(args[1]));
double[] differences = [.. first.Zip(second, (one, other) => one - other)];
var difference = SampleStatistics.OfPairedDifference(first, second);
Console.WriteLine($"{args[0]}: {SampleStatistics.Of(first).Mean:F2} nats, {args[1]}: {SampleStatistics.Of(second).Mean:F2} nats");
Console.WriteLine($"difference: {difference.Mean:F2} ± {difference.StandardError:F2} nats over {differences.Length} images");
Console.WriteLine($"chance of so large a difference between equal models: {SignTest(differences):F4}");

// The same seed: both models see the same binary images.
double[] Score(string run)
{
    using var model = TrainedModel.Load(run);
    return model.LogLikelihood(model.Read(args[2]), samples, seed: 1);
}

// If neither were better, each difference would as well have the other sign.
static double SignTest(double[] differences)
{
    const int Draws = 10_000;
    var signs = new Random(1);
    double found = Math.Abs(differences.Sum());
    int larger = Enumerable.Range(0, Draws)
        .Count(_ => Math.Abs(differences.Sum(value => signs.Next(2) == 0 ? value : -value)) >= found);
    return (larger + 1.0) / (Draws + 1);
}
