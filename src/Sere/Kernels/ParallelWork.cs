using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Kernels;

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

    /// <summary>Runs independent rows, so many a piece.</summary>
    public static void ForRows(int rows, int block, long elements, Action<int> run) =>
        For((rows + block - 1) / block, elements, piece =>
        {
            int last = Math.Min(rows, (piece + 1) * block);
            for (int row = piece * block; row < last; row++)
            {
                run(row);
            }
        });
}

/// <summary>
/// The threads that libtorch computes with on Linux, GNU OpenMP's team of the calling thread. Between two operations of
/// libtorch they wait busily for a while, so that threads of another pool would have to share their cores with them:
/// measured, a pass on the thread pool took two to three times as long (docs/performance.md).
/// </summary>
internal static unsafe class OpenMpTeam
{
    private static readonly Lazy<nint> ParallelRegion = new(() => FindExport("libgomp", "GOMP_parallel"));

    /// <summary>Whether the team can be used: where libtorch brings GNU OpenMP.</summary>
    public static bool IsAvailable => ParallelRegion.Value != 0;

    /// <summary>Runs pieces 0..<paramref name="pieces"/> - 1 on up to so many threads, the calling one among them.</summary>
    public static void For(int threads, int pieces, Action<int> run)
    {
        var job = new Job(pieces, run);
        var handle = GCHandle.Alloc(job);
        try
        {
            var region = (delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<nint, void>, nint, uint, uint, void>)
                ParallelRegion.Value;
            region(&Work, GCHandle.ToIntPtr(handle), (uint)threads, 0);
        }
        finally
        {
            handle.Free();
        }

        job.ThrowIfFailed();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Work(nint handle) => ((Job)GCHandle.FromIntPtr(handle).Target!).TakePieces();

    /// <summary>A function of a library that libtorch brings, on Linux; else 0.</summary>
    public static nint FindExport(string library, string name)
    {
        if (!OperatingSystem.IsLinux())
        {
            return 0;
        }

        // Loaded with libtorch, some under a name that bears a hash; only the copy that libtorch uses has its threads.
        NativeLibraries.EnsureLoaded();
        using var process = Process.GetCurrentProcess();
        string? path = process.Modules.Cast<ProcessModule>()
            .Select(module => module.FileName)
            .FirstOrDefault(file => Path.GetFileName(file).StartsWith(library, StringComparison.Ordinal));
        return path is not null
            && NativeLibrary.TryLoad(path, out nint handle)
            && NativeLibrary.TryGetExport(handle, name, out nint export) ? export : 0;
    }

    private sealed class Job(int pieces, Action<int> run)
    {
        private int _taken;
        private Exception? _error;

        public void TakePieces()
        {
            try
            {
                for (int piece = Interlocked.Increment(ref _taken) - 1;
                    piece < pieces;
                    piece = Interlocked.Increment(ref _taken) - 1)
                {
                    run(piece);
                }
            }
            catch (Exception error)
            {
                // An exception must not unwind through native code.
                _error = error;
            }
        }

        public void ThrowIfFailed()
        {
            if (_error is not null)
            {
                throw new InvalidOperationException("A piece of parallel work failed.", _error);
            }
        }
    }
}
