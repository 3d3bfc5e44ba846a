using TorchSharp;

namespace Sere.Numerics.Kernels;

/// <summary>Shares independent pieces of work among as many threads as libtorch computes with.</summary>
internal static class ParallelWork
{
    // Below this a second thread takes longer to wake than the work takes.
    private const long SmallestShare = 32_768;

    /// <summary>Runs pieces 0..<paramref name="pieces"/> - 1. What a piece computes must not depend on the others.</summary>
    /// <param name="pieces">How many.</param>
    /// <param name="elements">Numbers that all pieces together go through.</param>
    /// <param name="run">Runs one piece.</param>
    public static void For(int pieces, long elements, Action<int> run)
    {
        int threads = elements < 2 * SmallestShare || pieces == 1 ? 1 : torch.get_num_threads();
        if (threads > 1 && OpenMpTeam.IsAvailable)
        {
            OpenMpTeam.For(threads, pieces, run);
            return;
        }

        if (threads > 1)
        {
            Parallel.For(0, pieces, new ParallelOptions { MaxDegreeOfParallelism = threads }, run);
            return;
        }

        for (int piece = 0; piece < pieces; piece++)
        {
            run(piece);
        }
    }
}
