using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Sere.Distributed;
using Sere.Performance;
using Sere.Runs;
using Sere.Runs.Configuration;
using Spectre.Console;
using TorchSharp;

namespace Sere.Cli.Commands;

/// <summary><c>sere bench</c>: how fast a preset is on this machine, and how far from what the machine can do.</summary>
internal static class BenchCommand
{
    private const int Images = 2000;

    // A GPU does the steps of so many before an epoch ends.
    private const int DeviceImages = 20_000;

    public static Command Create(Terminal terminal)
    {
        var preset = CommonOptions.Value("--preset", "NAME", "mnist-mlp", "What to measure, one of sere presets.")
            .Offering(Presets.Names);
        var overrides = CommonOptions.Value<string[]>(
            "--set", "KEY=VALUE", "Change a value of the preset, as in sere train; may be repeated.");
        var batch = CommonOptions.Value<int?>("--batch", "B", "Images of a training step; else the preset's.");
        var steps = CommonOptions.Value("--steps", "N", 200, "Training steps to measure.");
        var against = CommonOptions.Value<string?>(
            "--against", "NAME", "Another preset, whose time for a sampled image this one's is compared with.")
            .Offering(Presets.Names);
        var json = CommonOptions.Json();
        var compute = new ComputeOptions();
        var command = new Command(
            "bench", "Measure training, evaluation and sampling against what this machine can do at best.")
        {
            preset, overrides, batch, steps, against, json,
        };
        compute.AddTo(command);
        command.SetAction(parsed =>
        {
            string name = parsed.GetRequiredValue(preset);
            int measured = parsed.Within(steps, 1, 1_000_000);
            var configuration = ConfigurationOverrides.Apply(Presets.Load(name), parsed.GetValue(overrides) ?? []);
            if (parsed.Within(batch, 1, 1_000_000) is { } size)
            {
                configuration = configuration with { Training = configuration.Training with { BatchSize = size } };
            }

            var other = parsed.GetValue(against) is { } named ? Presets.Load(named) : null;
            compute.FixThreads(parsed);
            var device = compute.Device(parsed);
            var group = ProcessGroup.OfProcess;
            if (group.Library is not null)
            {
                var shared = DistributedBenchmark.Measure(
                    configuration, measured, device, group, part => terminal.Say($"measuring: {part}"));
                Print(terminal, shared, parsed.GetValue(json));
                return;
            }

            int images = device.type == DeviceType.CUDA ? DeviceImages : Images;
            using var benchmark = new PerformanceBenchmark(
                configuration, BenchmarkImages.For(configuration, Math.Max(images, configuration.Training.BatchSize)), device);
            var report = benchmark.Measure(name, measured, part => terminal.Say($"measuring: {part}"));
            if (other is not null)
            {
                terminal.Say($"measuring: sampling of {other.Name}");
                using var compared = new PerformanceBenchmark(other, BenchmarkImages.For(other, images), device);
                report = report with { Against = other.Name, AgainstSampleSecondsPerImage = compared.SampleSeconds() };
            }

            if (parsed.GetValue(json))
            {
                terminal.Output.WriteLine(JsonSerializer.Serialize(report, RunJson.Line));
            }
            else
            {
                Print(terminal, report);
            }
        });
        return command;
    }

    private static void Print(Terminal terminal, DistributedReport report, bool isJson)
    {
        if (isJson)
        {
            terminal.Output.WriteLine(JsonSerializer.Serialize(report, RunJson.Line));
            return;
        }

        var table = new Table().Border(TableBorder.Rounded)
            .Title(Markup.Escape(
                $"{report.Preset}: {report.Processes} processes, threads of each {report.Threads}, {report.Library}, "
                + $"batch {report.Batch}"))
            .AddColumn("figure").AddColumn(new TableColumn("value").RightAligned());
        table.AddRow("training step of one process", $"{report.AloneMilliseconds:G4} ms");
        table.AddRow(
            "the same batch, shared",
            $"{report.SharedMilliseconds:G4} ms = {100 * report.StrongEfficiency:F0} % of the ideal speed");
        table.AddRow(
            "as large a batch for each",
            $"{report.LargerMilliseconds:G4} ms = {100 * report.WeakEfficiency:F0} % of the ideal speed");
        table.AddRow(
            "random numbers, drawn by each", $"{report.DrawMilliseconds:G3} ms");
        table.AddRow(
            $"exchange of {report.GradientBytes / 1e6:F1} MB",
            $"{report.ExchangeMilliseconds:G3} ms = {report.ExchangeOverFloor:F1} floors of "
            + $"{report.ExchangeFloorMilliseconds:G3} ms");
        terminal.Results.Write(table);
    }

    private static void Print(Terminal terminal, PerformanceReport report)
    {
        var table = new Table().Border(TableBorder.Rounded)
            .Title(Markup.Escape(
                $"{report.Preset}: {report.Parameters:N0} parameters, batch {report.Batch}, {report.Threads} threads, {report.Device}, "
                + $"libtorch {report.Libtorch}"))
            .AddColumn("figure").AddColumn(new TableColumn("value").RightAligned());
        table.AddRow("matrix products at their own shapes", $"{report.ProductGigaflops:F0} GFLOP/s");
        if (report.ConvolutionGigaflops is { } rate)
        {
            table.AddRow("convolutions at their own shapes", $"{rate:F0} GFLOP/s");
        }

        table.AddRow("large copy", $"{report.CopyGigabytesPerSecond:F1} GB/s");
        table.AddRow(
            "floor of a step: products + convolutions + update",
            $"{report.ProductMilliseconds:G3} + {report.ConvolutionMilliseconds:G3} + {report.UpdateFloorMilliseconds:G3} = "
            + $"{report.FloorMilliseconds:G3} ms");
        table.AddRow("training step", $"{report.StepMilliseconds:G4} ms = {report.StepOverFloor:F2} floors");
        if (report.NodeMicroseconds is { } node)
        {
            table.AddRow(
                "its graph: nodes, alone, an empty node",
                $"{report.GraphNodes?.ToString(CultureInfo.InvariantCulture) ?? "none"}, {report.GraphMilliseconds:G3} ms, {node:F2} us");
            table.AddRow(
                "products in TF32, in bf16", $"{report.ProductTf32Milliseconds:F2}, {report.ProductBf16Milliseconds:F2} ms");
        }

        table.AddRow(
            "  data, forward, backward, optimizer",
            $"{report.DataMilliseconds:F1}, {report.ForwardMilliseconds:F1}, {report.BackwardMilliseconds:F1}, "
            + $"{report.OptimizerMilliseconds:F1} ms");
        table.AddRow("training", $"{report.TrainImagesPerSecond:N0} images/s");
        table.AddRow(
            "importance samples",
            $"{report.EvaluationsPerSecond:N0}/s = {report.EvaluationOverFloor:F2} floors of 1/{report.EvaluationsPerSecondCeiling:N0} s");
        table.AddRow("sampling", $"{report.SampleImagesPerSecond:N0} images/s");
        if (report.SampleSecondsRatio is { } ratio)
        {
            table.AddRow(
                Markup.Escape($"seconds a sampled image, against {report.Against}"),
                $"{report.SampleSecondsPerImage:G3} / {report.AgainstSampleSecondsPerImage:G3} = {ratio:F1}");
        }

        table.AddRow($"live tensors, a step of {report.Steps}", $"{report.LiveTensorsPerStep:F2}");
        table.AddRow("memory: growth, peak", $"{report.MemoryGrowthMiB:F0}, {report.PeakMemoryMiB:F0} MiB");
        terminal.Results.Write(table);
    }
}
