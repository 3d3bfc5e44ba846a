using Sere.Data;
using Sere.Numerics;
using Sere.Peers.Reference;
using Sere.Peers.TorchSharp;
using Sere.Runs.Configuration;
using Sere.Training;
using TorchSharp;

// export FILE [BATCH] | measure FILE THREADS WARM_UP STEPS: one line of JSON, as from python/peer.py.
const int Images = 2000;
const int CaseEpochs = 2;
NativeLibraries.EnsureLoaded();
bool export = args[0] is "export";
var preset = Presets.Load("mnist-mlp");
int batch = export
    ? args.Length > 2 ? int.Parse(args[2]) : preset.Training.BatchSize
    : ReferenceCase.ReadSettings(args[1]).Batch;
preset = preset with { Training = preset.Training with { BatchSize = batch, Epochs = 1_000_000 } };

// Whole batches alone, so that every step is the same work.
var images = DigitsGenerator.GenerateTrain(Math.Max(Images / batch, 1) * batch);
using var model = preset.Model.Build(images.Shape, preset.Seed);
using (var mean = images.Mean())
{
    model.InitializeOutput(mean);
}

using var trainer = new Trainer(model, preset.Training, images, preset.Dataset.Binarization, preset.Seed);
if (export)
{
    // Weights that start at zero would hide a wrong use of them.
    for (int epoch = 0; epoch < CaseEpochs; epoch++)
    {
        trainer.RunEpoch();
    }

    using var scope = torch.NewDisposeScope();
    using var generator = new torch.Generator(1, torch.CPU);
    var settings = ReferenceCase.Settings(preset, model.Dimensions);
    var x = Binarization.TrainingBatch(images.Slice(0, batch).ToTensor(), BinarizationRule.Dynamic, generator);
    var noise = torch.randn([batch, model.NoiseSize], generator: generator);
    ReferenceCase.Write(args[1], trainer.Parameters, settings, x, noise, images);
    Console.WriteLine(PeerReport.Case(ReferenceCase.Run(model, trainer.Parameters, settings, x, noise)));
    return;
}

torch.set_num_threads(int.Parse(args[2]));
int warmUp = int.Parse(args[3]);
int steps = int.Parse(args[4]);
var times = new StepTimes();
while (times.Count < warmUp + steps)
{
    trainer.RunEpoch(_ => times.EndStep());
}

Console.WriteLine(PeerReport.Measurement(
    times.Median(warmUp, steps), batch, $"Sere {PeerReport.Version(typeof(Trainer))}"));
