using Sere.Data;
using Sere.Evaluation;
using Sere.Runs;
using Sere.Runs.Configuration;
// What a model says of images of a kind that it has never seen: it is trained on digits without one of them, and then
// judges test digits of all ten kinds, by their likelihood alone and by their novelty.
//   dotnet run -c Release --project examples/HeldOutDigit -- [DIGIT] [EPOCHS] [TRAINING-IMAGES] [TEST-IMAGES]

byte digit = args.Length > 0 ? byte.Parse(args[0]) : (byte)8;
int epochs = args.Length > 1 ? int.Parse(args[1]) : 10;
ImageSet training = DigitsGenerator.GenerateTrain(args.Length > 2 ? int.Parse(args[2]) : 10_000);
ImageSet all = DigitsGenerator.GenerateTest(args.Length > 3 ? int.Parse(args[3]) : 2_000);

// A run learns from its own test images what is normal: others are judged.
ImageSet reported = all.Slice(0, all.Count / 10);
ImageSet test = all.Slice(reported.Count, all.Count - reported.Count);

ImageSet known = training.Select(Where(training, label => label != digit));
var splits = DatasetSplits.FromTrainingImages(
    $"digits without {digit}", known, reported.Select(Where(reported, label => label != digit)), known.Count / 10);
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
    double[] likelihoods = model.LogLikelihood(test, importanceSamples: 20);
    double[] novelties = [.. model.Verdict(test).Select(verdict => verdict.Novelty)];
    int[] seen = Where(test, label => label != digit);
    int[] unseen = Where(test, label => label == digit);
    Console.WriteLine(
        $"mean log p(x) of the nine digits: {seen.Average(image => likelihoods[image]):F1} nats, of the digit {digit}: "
        + $"{unseen.Average(image => likelihoods[image]):F1} nats");
    Console.WriteLine($"area under the ROC curve: {Area(image => -likelihoods[image]):F3} by likelihood, "
        + $"{Area(image => novelties[image]):F3} by novelty");

    // What is unlike the training images should have the higher score.
    double Area(Func<int, double> score) => ReceiverOperatingCharacteristic.Area(
        positives: [.. unseen.Select(score)], negatives: [.. seen.Select(score)]);
}
finally
{
    Directory.Delete(folder, recursive: true);
}

static int[] Where(ImageSet images, Func<byte, bool> condition) =>
    [.. Enumerable.Range(0, images.Count).Where(image => condition(images.Labels![image]))];
