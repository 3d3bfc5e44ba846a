using System.Globalization;
using Sere.Evaluation;
using Sere.Features;
using Sere.Numerics;
using Sere.Peers.Novelty;
using TorchSharp;

// NAME TRAIN OK DEFECT CACHE: rows of a Markdown table.
NativeLibraries.EnsureLoaded();
using var noGrad = torch.no_grad();
using var scope = torch.NewDisposeScope();
var network = new Lazy<ResNet18>(() => new ResNet18(torch.get_num_threads()));
var train = ImagesWithFeatures.Read(args[1], args[4], network);
var normal = ImagesWithFeatures.Read(args[2], args[4], network);
var defect = ImagesWithFeatures.Read(args[3], args[4], network);
var places = torch.cat([normal.Places, defect.Places]);
var pooled = torch.cat([normal.Pooled, defect.Pooled]);
var (mean, largest) = Detectors.PrincipalComponents(train.Pixels(), torch.cat([normal.Pixels(), defect.Pixels()]));
Print("PCA of 20 components, mean squared residual", mean);
Print("PCA of 20 components, largest mean of 3x3 residuals", largest);
Print("ResNet-18, a Gaussian at each of 14x14 places (PaDiM)", Detectors.PatchDistribution(train.Places, places));
Print("ResNet-18, nearest patch (PatchCore)", Detectors.NearestPatch(train.Places, places));
Print("ResNet-18, pooled, one Gaussian", Detectors.PooledGaussian(train.Pooled, pooled));
if (network.IsValueCreated)
{
    network.Value.Dispose();
}

void Print(string detector, torch.Tensor scores)
{
    double[] all = scores.to(torch.float64).data<double>().ToArray();
    double[] negatives = all[..normal.Images.Count];
    double[] positives = all[normal.Images.Count..];
    double area = ReceiverOperatingCharacteristic.Area(positives, negatives);
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"| {args[0]} | {detector} | {area:F3} | {AveragePrecision(positives, negatives):F3} |"));
}

// The mean, over the positives, of the share of positives among all that score at least as high.
static double AveragePrecision(double[] positives, double[] negatives) => positives.Average(threshold =>
{
    double above = positives.Count(value => value >= threshold);
    return above / (above + negatives.Count(value => value >= threshold));
});
