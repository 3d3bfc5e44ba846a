using System.Diagnostics;
using System.IO.Hashing;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using TorchSharp;

namespace Sere.Distributed;

/// <summary>
/// The processes that share one piece of work, on one machine or on many: what MPI calls a communicator. All of them
/// make the same calls in the same order. Numbers are added up in the order of the ranks, so that a sum has the same
/// bits on all of them and from run to run.
/// </summary>
public sealed unsafe partial class ProcessGroup
{
    // A launcher that has lost a process tells the others to stop, and ends them a second later.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Impatience = TimeSpan.FromMilliseconds(0.1);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(50);

    // Of less than this the whole is sent at once: the time of a message counts, and not its length.
    private const int SmallBytes = 1 << 14;
    private const string VisibleDevices = "CUDA_VISIBLE_DEVICES";
    private readonly MpiLibrary? _mpi;
    private byte[] _received = [];

    private ProcessGroup(MpiLibrary? mpi)
    {
        _mpi = mpi;
        if (mpi is null)
        {
            (Rank, Count, Neighbours) = (0, 1, (0, 1));
            return;
        }

        (Rank, Count) = (mpi.Rank, mpi.Size);
        ulong[] machines = Gather([XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(Environment.MachineName))]);
        Neighbours = (
            machines.Take(Rank).Count(machine => machine == machines[Rank]),
            machines.Count(machine => machine == machines[Rank]));
    }

    /// <summary>This process by itself.</summary>
    public static ProcessGroup Alone { get; } = new(null);

    /// <summary>What this process has joined; itself alone until then.</summary>
    internal static ProcessGroup OfProcess { get; private set; } = Alone;

    /// <summary>The place of this process, from 0.</summary>
    public int Rank { get; }

    /// <summary>How many processes there are.</summary>
    public int Count { get; }

    /// <summary>The place of this process among those of its machine, and how many they are.</summary>
    internal (int Place, int Count) Neighbours { get; }

    /// <summary>What the library of MPI calls itself; null for a process by itself.</summary>
    internal string? Library => _mpi?.Version;

    /// <summary>Whether this is the process that reads, writes and speaks for all.</summary>
    internal bool IsFirst => Rank == 0;

    /// <summary>
    /// Joins the processes that mpirun, mpiexec or srun started together with this one; call it once, and <see
    /// cref="Leave"/> at the end.
    /// </summary>
    /// <exception cref="SereException">There is no library of MPI, or it is not that of the launcher.</exception>
    public static ProcessGroup Join()
    {
        var group = new ProcessGroup(MpiLibrary.Open());
        if (Launcher.Count is { } started && started != group.Count)
        {
            throw new SereException(
                $"The launcher started {started} processes, and {group.Library} sees {group.Count}: it is not the "
                + $"library of that launcher, which {MpiLibrary.LibraryVariable} can name.");
        }

        return OfProcess = group;
    }

    /// <summary>
    /// Ends the work of this process in the group. With an exit code other than 0 all others are ended, unless they
    /// come here too within seconds.
    /// </summary>
    /// <param name="exitCode">What this process will end with.</param>
    /// <param name="whenAlone">Called where the others have not come: this process has failed by itself.</param>
    public void Leave(int exitCode = 0, Action? whenAlone = null)
    {
        if (_mpi is null)
        {
            return;
        }

        OfProcess = Alone;
        try
        {
            // The first one says what has happened, and the others are to let it.
            var limit = exitCode == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromSeconds(IsFirst ? 1 : 4);
            if (IsOver(_mpi.Barrier(_mpi.ForTheEnd), limit))
            {
                _mpi.Leave();
                if (exitCode != 0 && !IsFirst)
                {
                    // With the first that fails a launcher ends all others, and what it has not read yet of theirs is
                    // lost.
                    Thread.Sleep(LongestSilence);
                }

                return;
            }
        }
        catch (ProcessLostException)
        {
            // They are gone already.
        }

        whenAlone?.Invoke();
        _mpi.Abort(exitCode);
    }

    /// <summary>
    /// The part of some items that falls to this process: neighbours, in numbers that differ by no more than a
    /// multiple.
    /// </summary>
    /// <param name="items">How many there are.</param>
    /// <param name="multiple">Items that stay together.</param>
    internal (int First, int Count) Share(int items, int multiple = 1)
    {
        long pieces = (items + (long)multiple - 1) / multiple;
        int Start(int rank) => (int)Math.Min(items, pieces * rank / Count * multiple);
        return (Start(Rank), Start(Rank + 1) - Start(Rank));
    }

    /// <summary>Adds up, in the order of the ranks, what each process has; all have the sum then.</summary>
    /// <param name="values">As many on each process.</param>
    /// <param name="stopping">Asks to stop: the first process does not wait for others that have ended then.</param>
    /// <exception cref="ProcessLostException">Another process has ended.</exception>
    internal void Sum<T>(Span<T> values, CancellationToken stopping = default)
        where T : unmanaged, INumber<T>
    {
        if (_mpi is null || Count == 1 || values.IsEmpty)
        {
            return;
        }

        bool isSmall = values.Length * (long)sizeof(T) <= SmallBytes;
        int slice = isSmall ? values.Length : values.Length / Count;
        var received = Room<T>((long)slice * Count);
        fixed (T* ours = values)
        {
            fixed (T* theirs = received)
            {
                int bytes = checked(slice * sizeof(T));
                Wait(isSmall ? _mpi.AllGather(ours, theirs, bytes) : _mpi.AllToAll(ours, theirs, bytes), stopping);
                var sum = received[..slice];
                for (int rank = 1; rank < Count; rank++)
                {
                    Add(sum, received.Slice(rank * slice, slice));
                }

                if (isSmall)
                {
                    sum.CopyTo(values);
                    return;
                }

                // Each process has added up a slice.
                Wait(_mpi.AllGather(theirs, ours, bytes), stopping);
            }
        }

        Sum(values[(slice * Count)..], stopping);
    }

    /// <summary>Adds up a tensor of real numbers in place: see <see cref="Sum{T}"/>.</summary>
    internal void Sum(torch.Tensor values, CancellationToken stopping = default)
    {
        if (Count > 1)
        {
            // From a device and back through the memory of its machine.
            using var here = values.cpu();
            if (here.dtype == torch.ScalarType.Float64)
            {
                Sum(MemoryMarshal.Cast<byte, double>(here.bytes), stopping);
            }
            else
            {
                Sum(MemoryMarshal.Cast<byte, float>(here.bytes), stopping);
            }

            if (values.device_type != DeviceType.CPU)
            {
                values.copy_(here);
            }
        }
    }

    /// <summary>Gives all the numbers of a tensor that the first process has.</summary>
    internal void Broadcast(torch.Tensor values)
    {
        if (Count > 1)
        {
            using var here = values.cpu();
            Broadcast(here.bytes);
            if (values.device_type != DeviceType.CPU)
            {
                values.copy_(here);
            }
        }
    }

    /// <summary>Gives all what the first process has.</summary>
    internal void Broadcast(Span<byte> values)
    {
        // In pieces whose length fits a number of MPI.
        for (int first = 0; _mpi is not null && first < values.Length;)
        {
            int count = Math.Min(values.Length - first, 1 << 30);
            fixed (byte* place = values[first..])
            {
                Wait(_mpi.Broadcast(place, count));
            }

            first += count;
        }
    }

    /// <summary>The text that the first process has.</summary>
    internal string Broadcast(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int length = bytes.Length;
        Broadcast(MemoryMarshal.AsBytes(new Span<int>(ref length)));
        Array.Resize(ref bytes, length);
        Broadcast(bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Waits until all are here.</summary>
    internal void Meet()
    {
        if (_mpi is not null)
        {
            Wait(_mpi.Barrier(_mpi.World));
        }
    }

    /// <summary>Refuses processes that are about to do something else than the first one.</summary>
    /// <param name="parts">What must be the same on all: its name and its text.</param>
    /// <exception cref="UsageException">It is not, which all processes find.</exception>
    internal void RequireSame(params IReadOnlyList<(string Name, string Text)> parts)
    {
        if (Count == 1)
        {
            return;
        }

        parts = [("program", $"{typeof(ProcessGroup).Assembly.GetName().Version} {ModuleVersion}"), .. parts];
        ulong[] all = Gather([.. parts.Select(part => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(part.Text)))]);
        for (int place = 0; place < all.Length; place++)
        {
            if (all[place] != all[place % parts.Count])
            {
                string name = parts[place % parts.Count].Name;
                throw new UsageException(
                    $"Process {place / parts.Count} of {Count} differs from the first one in its {name}; start all of "
                    + "them with the same program, command and data.");
            }
        }
    }

    /// <summary>
    /// Lets this process see one CUDA device alone, by its place among the processes of its machine; before CUDA is
    /// started. Of the devices that it may see already, as a batch system says, it takes the one of that place.
    /// </summary>
    internal void TakeDevice()
    {
        string[] visible = (Environment.GetEnvironmentVariable(VisibleDevices) ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries);
        int place = Neighbours.Place;

        // .NET keeps an environment of its own, which CUDA does not see.
        _ = SetEnvironment(VisibleDevices, visible.Length == 0 ? $"{place}" : visible[place % visible.Length], 1);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int SetEnvironment(string name, string value, int overwrite);

    private static Guid ModuleVersion => typeof(ProcessGroup).Module.ModuleVersionId;

    private ulong[] Gather(ulong[] mine)
    {
        // Each in a place of its own: a sum with zeros.
        ulong[] all = new ulong[mine.Length * Count];
        mine.CopyTo(all, mine.Length * Rank);
        Sum<ulong>(all);
        return all;
    }

    private void Wait(nint request, CancellationToken stopping = default)
    {
        if (!IsOver(request, Timeout.InfiniteTimeSpan, stopping))
        {
            throw new ProcessLostException("Another process has ended or does not answer, so that all of them end.");
        }
    }

    /// <summary>Waits until what was begun has ended; false where it takes too long.</summary>
    private bool IsOver(nint request, TimeSpan limit, CancellationToken stopping = default)
    {
        long start = Stopwatch.GetTimestamp();
        long asked = 0;
        while (!_mpi!.Test(ref request))
        {
            var elapsed = Stopwatch.GetElapsedTime(start);
            if (IsFirst && stopping.IsCancellationRequested)
            {
                // All others do no more than a step at a time: the first one alone is waited for long.
                asked = asked == 0 ? Stopwatch.GetTimestamp() : asked;
                limit = Stopwatch.GetElapsedTime(asked) > LongestSilence ? TimeSpan.Zero : limit;
            }

            if (limit >= TimeSpan.Zero && elapsed > limit)
            {
                return false;
            }

            if (elapsed > Patience)
            {
                Thread.Sleep(1);
            }
            else if (elapsed > Impatience)
            {
                Thread.Yield();
            }
        }

        return true;
    }

    private static void Add<T>(Span<T> sum, ReadOnlySpan<T> values)
        where T : unmanaged, INumber<T>
    {
        int i = 0;
        for (; i <= sum.Length - Vector<T>.Count; i += Vector<T>.Count)
        {
            (new Vector<T>(sum[i..]) + new Vector<T>(values[i..])).CopyTo(sum[i..]);
        }

        for (; i < sum.Length; i++)
        {
            sum[i] += values[i];
        }
    }

    /// <summary>Memory for so many numbers, which the next call gives again.</summary>
    private Span<T> Room<T>(long numbers)
        where T : unmanaged
    {
        int bytes = checked((int)(numbers * sizeof(T)));
        if (_received.Length < bytes)
        {
            _received = GC.AllocateUninitializedArray<byte>(bytes);
        }

        return MemoryMarshal.Cast<byte, T>(_received.AsSpan(0, bytes));
    }
}
