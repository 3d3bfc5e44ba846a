using System.Globalization;
using BenchmarkDotNet.Running;
using Sere.Benchmarks;

if (args is ["monte-carlo-error", var run, .. var numbers])
{
    int[] given = [.. numbers.Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
    int Number(int place, int otherwise) => place < given.Length ? given[place] : otherwise;
    MonteCarloErrorCoverage.Run(run, Number(0, 1000), Number(1, 40), Number(2, 100));
}
else if (args is ["memory-forecast", var preset, .. var overrides])
{
    MemoryForecastAccuracy.Run(preset, overrides);
}
else
{
    BenchmarkSwitcher.FromAssembly(typeof(TrainingStepBenchmark).Assembly).Run(args);
}
