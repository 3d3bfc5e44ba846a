using Sere.Kernels;
using Sere.Numerics;
using TorchSharp;
using Xunit;

namespace Sere.Tests.Kernels;

public sealed class ParallelWorkTests
{
    [Theory]
    [InlineData(1, 1_000_000)]
    [InlineData(7, 10)]
    [InlineData(7, 1_000_000)]
    [InlineData(1000, 1_000_000)]
    public void Each_piece_runs_once(int pieces, long elements)
    {
        int[] runs = new int[pieces];
        ParallelWork.For(pieces, elements, piece => Interlocked.Increment(ref runs[piece]));
        Assert.All(runs, count => Assert.Equal(1, count));
    }

    [Fact]
    public void An_error_in_a_piece_reaches_the_caller_and_leaves_the_threads_usable()
    {
        for (int i = 0; i < 3; i++)
        {
            var error = Assert.ThrowsAny<Exception>(() => ParallelWork.For(
                10,
                1_000_000,
                piece =>
                {
                    if (piece == 5)
                    {
                        throw new ArithmeticException("five");
                    }
                }));
            var cause = error is AggregateException all ? all.InnerExceptions[0] : error.InnerException ?? error;
            Assert.IsType<ArithmeticException>(cause);
        }

        Each_piece_runs_once(10, 1_000_000);
    }

    [Fact]
    public void On_Linux_the_threads_are_those_of_libtorch()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Other systems come with another OpenMP.");
        Assert.True(OpenMpTeam.IsAvailable);
        using var all = new CountdownEvent(2);
        OpenMpTeam.For(2, 2, _ =>
        {
            // Two pieces that wait for each other end only on two threads.
            all.Signal();
            Assert.True(all.Wait(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken));
        });
    }

    [Fact]
    public void Kernels_and_libtorch_take_turns_on_many_threads_at_once()
    {
        // Each thread of the runtime has a team of its own.
        double[] sums = new double[4];
        Parallel.For(0, sums.Length, thread =>
        {
            using var scope = torch.NewDisposeScope();
            var values = TensorArithmetic.Full([300_000], 2f);
            for (int i = 0; i < 20; i++)
            {
                sums[thread] += AdamStep.Norm(values.Plus(i));
            }
        });
        double expected = Enumerable.Range(2, 20).Sum(value => Math.Sqrt(300_000.0 * value * value));
        Assert.All(sums, sum => Assert.Equal(expected, sum));
    }
}
