using Sere.Numerics;
using Sere.Peers.TorchSharp;
using Sere.Storage;
using TorchSharp;

// check FILE | measure FILE THREADS WARM_UP STEPS: one line of JSON, as from python/peer.py.
const int CaseSteps = 3;
NativeLibraries.EnsureLoaded();
using var file = SafeTensors.Read(args[1]);
var settings = PeerSettings.Parse(file.Metadata["settings"]);
using var training = new PeerTraining(settings);
training.Model.Load(file.Tensors);
if (args[0] is "check")
{
    Console.WriteLine(PeerReport.Case(
    [
        .. Enumerable.Range(0, CaseSteps).Select(_ => training.Step(file.Tensors["x"], file.Tensors["noise"])),
    ]));
    return;
}

torch.set_num_threads(int.Parse(args[2]));
torch.random.manual_seed(1);
int warmUp = int.Parse(args[3]);
int steps = int.Parse(args[4]);
var images = file.Tensors["images"];
var times = new StepTimes();
while (times.Count < warmUp + steps)
{
    using var epoch = torch.NewDisposeScope();
    foreach (var indices in torch.randperm(images.shape[0]).split(settings.Batch))
    {
        using var scope = torch.NewDisposeScope();
        var grey = images.index_select(0, indices);
        var x = torch.rand(grey.shape).Times(255).lt(grey).to(torch.float32);
        training.Step(x, torch.randn(grey.shape[0], settings.Layers * settings.Latents));
        times.EndStep();
    }
}

Console.WriteLine(PeerReport.Measurement(times.Median(warmUp, steps), settings.Batch, "layer by layer"));
