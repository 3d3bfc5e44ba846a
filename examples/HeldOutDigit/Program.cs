using Sere.Data;
using Sere.Evaluation;
using Sere.Runs;
using Sere.Runs.Configuration;
// What a likelihood says of images of a kind that the model has never seen: a model is trained on digits without one of
// them, and then scores test digits of all ten kinds.
//   dotnet run -c Release --project examples/HeldOutDigit -- [DIGIT] [EPOCHS] [TRAINING-IMAGES] [TEST-IMAGES]

byte digit = args.Length > 0 ? byte.Parse(args[0]) : (byte)8;
int epochs = args.Length > 1 ? int.Parse(args[1]) : 10;
ImageSet training = DigitsGenerator.GenerateTrain(args.Length > 2 ? int.Parse(args[2]) : 10_000);
ImageSet test = DigitsGenerator.GenerateTest(args.Length > 3 ? int.Parse(args[3]) : 2_000);

ImageSet known = training.Select(Where(training, label => label != digit));
var splits = DatasetSplits.FromTrainingImages(
    $"digits without {digit}", known, test.Select(Where(test, label => label != digit)), known.Count / 10);
var configuration = Presets.Load("digits");
configuration = configuration with
{
    Training = configuration.Training with { Epochs = epochs },
    Evaluation = new EvaluationChoice { ImportanceSamples = 20, Limit = 100 },
};

string folder = Path.Combine(Path.GetTempPath(), $"sere-without-{digit}-{Guid.NewGuid():N}");
try
{
    using (var run = TrainingRun.Start(configuration, splits, new RunFolder(folder)))
    {
        run.Execute();
    }

    using var model = TrainedModel.Load(folder);
    double[] scores = model.LogLikelihood(test, importanceSamples: 20);
    double[] seen = [.. Where(test, label => label != digit).Select(image => scores[image])];
    double[] unseen = [.. Where(test, label => label == digit).Select(image => scores[image])];

    // What is unlike the training images should have the lower likelihood.
    double area = ReceiverOperatingCharacteristic.Area(positives: seen, negatives: unseen);
    Console.WriteLine($"mean log p(x) of the nine digits: {seen.Average():F1} nats, of the digit {digit}: {unseen.Average():F1} nats");
    Console.WriteLine($"area under the ROC curve: {area:F3}");
}
finally
{
    Directory.Delete(folder, recursive: true);
}

static int[] Where(ImageSet images, Func<byte, bool> condition) =>
    [.. Enumerable.Range(0, images.Count).Where(image => condition(images.Labels![image]))];
