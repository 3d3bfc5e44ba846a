using System.Diagnostics;

namespace Sere.Peers.TorchSharp;

/// <summary>Times of training steps one after the other.</summary>
public sealed class StepTimes
{
    private readonly List<double> _milliseconds = [];
    private long _last = Stopwatch.GetTimestamp();

    /// <summary>Steps so far.</summary>
    public int Count => _milliseconds.Count;

    /// <summary>A step has ended, and the next begins.</summary>
    public void EndStep()
    {
        long now = Stopwatch.GetTimestamp();
        _milliseconds.Add(Stopwatch.GetElapsedTime(_last, now).TotalMilliseconds);
        _last = now;
    }

    /// <summary>The median of steps after those that warm up, in milliseconds.</summary>
    public double Median(int warmUp, int steps)
    {
        double[] sorted = [.. _milliseconds.Skip(warmUp).Take(steps).Order()];
        return (sorted[sorted.Length / 2] + sorted[(sorted.Length - 1) / 2]) / 2;
    }
}
