using BenchmarkDotNet.Running;
using Sere.Benchmarks;

BenchmarkSwitcher.FromAssembly(typeof(TrainingStepBenchmark).Assembly).Run(args);
