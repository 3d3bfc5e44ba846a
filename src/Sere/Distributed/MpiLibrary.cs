using System.Runtime.InteropServices;

namespace Sere.Distributed;

/// <summary>
/// The functions of MPI that <see cref="ProcessGroup"/> calls, from the library that is there at run time: Open MPI 4
/// or 5, MPICH 4 and what is made from it (Intel MPI, Cray MPICH, MVAPICH), or one with the binary interface of the
/// MPI 5 standard. Handles are passed as pointers: where they are 32-bit numbers, the upper half is not read.
/// </summary>
internal sealed unsafe class MpiLibrary
{
    /// <summary>The environment variable that names the library.</summary>
    public const string LibraryVariable = "SERE_MPI";

    private const int ThreadFunneled = 1;
    private const int LongestText = 8192;

    // Longer than the MPI_Status of each library.
    private const int StatusBytes = 128;
    private readonly delegate* unmanaged<nint, int*, int> _rank;
    private readonly delegate* unmanaged<nint, int*, int> _size;
    private readonly delegate* unmanaged<nint, nint*, int> _duplicate;
    private readonly delegate* unmanaged<nint, nint, int> _setErrorHandler;
    private readonly delegate* unmanaged<int, byte*, int*, int> _errorText;
    private readonly delegate* unmanaged<void*, int, nint, void*, int, nint, nint, nint*, int> _allToAll;
    private readonly delegate* unmanaged<void*, int, nint, void*, int, nint, nint, nint*, int> _allGather;
    private readonly delegate* unmanaged<void*, int, nint, int, nint, nint*, int> _broadcast;
    private readonly delegate* unmanaged<nint, nint*, int> _barrier;
    private readonly delegate* unmanaged<nint*, int*, void*, int> _test;
    private readonly delegate* unmanaged<nint, int, int> _abort;
    private readonly delegate* unmanaged<int> _finalize;
    private readonly nint _byteType;

    private MpiLibrary(nint library, string name)
    {
        nint Function(string function) => NativeLibrary.GetExport(library, $"MPI_{function}");
        _rank = (delegate* unmanaged<nint, int*, int>)Function("Comm_rank");
        _size = (delegate* unmanaged<nint, int*, int>)Function("Comm_size");
        _duplicate = (delegate* unmanaged<nint, nint*, int>)Function("Comm_dup");
        _setErrorHandler = (delegate* unmanaged<nint, nint, int>)Function("Comm_set_errhandler");
        _errorText = (delegate* unmanaged<int, byte*, int*, int>)Function("Error_string");
        _allToAll = (delegate* unmanaged<void*, int, nint, void*, int, nint, nint, nint*, int>)Function("Ialltoall");
        _allGather = (delegate* unmanaged<void*, int, nint, void*, int, nint, nint, nint*, int>)Function("Iallgather");
        _broadcast = (delegate* unmanaged<void*, int, nint, int, nint, nint*, int>)Function("Ibcast");
        _barrier = (delegate* unmanaged<nint, nint*, int>)Function("Ibarrier");
        _test = (delegate* unmanaged<nint*, int*, void*, int>)Function("Test");
        _abort = (delegate* unmanaged<nint, int, int>)Function("Abort");
        _finalize = (delegate* unmanaged<int>)Function("Finalize");
        nint returning;
        if (NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out nint world))
        {
            (World, _byteType, returning) = (
                world,
                NativeLibrary.GetExport(library, "ompi_mpi_byte"),
                NativeLibrary.GetExport(library, "ompi_mpi_errors_return"));
        }
        else
        {
            (World, _byteType, returning) = name.Contains("mpi_abi", StringComparison.Ordinal)
                ? (0x101, 0x247, 0x143)
                : (0x44000000, 0x4c00010d, 0x54000001);
        }

        var version = (delegate* unmanaged<byte*, int*, int>)Function("Get_library_version");
        byte* text = stackalloc byte[LongestText];
        int length;
        Check(version(text, &length));
        Version = Marshal.PtrToStringUTF8((nint)text)!.Split('\n', ',')[0].Trim().Replace('\t', ' ');
        int isThere;
        Check(((delegate* unmanaged<int*, int>)Function("Initialized"))(&isThere));
        if (isThere == 0)
        {
            int provided;
            var start = (delegate* unmanaged<nint, nint, int, int*, int>)Function("Init_thread");
            Check(start(0, 0, ThreadFunneled, &provided));
        }

        Check(_setErrorHandler(World, returning));
        nint forTheEnd;
        Check(_duplicate(World, &forTheEnd));
        ForTheEnd = forTheEnd;
    }

    /// <summary>All processes.</summary>
    public nint World { get; }

    /// <summary>
    /// All processes once more: what meets here meets nothing that is under way in <see cref="World"/>.
    /// </summary>
    public nint ForTheEnd { get; }

    /// <summary>What the library calls itself.</summary>
    public string Version { get; }

    /// <summary>This process's place among all.</summary>
    public int Rank
    {
        get
        {
            int rank;
            Check(_rank(World, &rank));
            return rank;
        }
    }

    /// <summary>How many processes there are.</summary>
    public int Size
    {
        get
        {
            int size;
            Check(_size(World, &size));
            return size;
        }
    }

    /// <summary>Loads the library, and starts it if the program has not.</summary>
    /// <exception cref="SereException">There is none, or it does not start.</exception>
    public static MpiLibrary Open()
    {
        string[] names = Environment.GetEnvironmentVariable(LibraryVariable) is { Length: > 0 } given
            ? [given]
            : Launcher.Libraries;
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                try
                {
                    return new MpiLibrary(library, Path.GetFileName(name));
                }
                catch (EntryPointNotFoundException error)
                {
                    throw new SereException(
                        $"'{name}' is no library of MPI 3 or later ({error.Message}); name one with {LibraryVariable}.",
                        error);
                }
            }
        }

        throw new SereException(
            $"The library of MPI cannot be loaded ({string.Join(", ", names)}); install the package of the launcher "
            + $"that starts the processes, such as openmpi-bin or mpich, or name its library with {LibraryVariable}.");
    }

    /// <summary>Begins to send to each process a piece of its own.</summary>
    public nint AllToAll(void* sent, void* received, int bytes)
    {
        nint request;
        Check(_allToAll(sent, bytes, _byteType, received, bytes, _byteType, World, &request));
        return request;
    }

    /// <summary>Begins to send to each process the same.</summary>
    public nint AllGather(void* sent, void* received, int bytes)
    {
        nint request;
        Check(_allGather(sent, bytes, _byteType, received, bytes, _byteType, World, &request));
        return request;
    }

    /// <summary>Begins to send what the first process has to all others.</summary>
    public nint Broadcast(void* values, int bytes)
    {
        nint request;
        Check(_broadcast(values, bytes, _byteType, 0, World, &request));
        return request;
    }

    /// <summary>Begins to meet all others.</summary>
    public nint Barrier(nint communicator)
    {
        nint request;
        Check(_barrier(communicator, &request));
        return request;
    }

    /// <summary>Whether what was begun has ended.</summary>
    public bool Test(ref nint request)
    {
        byte* status = stackalloc byte[StatusBytes];
        int isDone;
        fixed (nint* place = &request)
        {
            Check(_test(place, &isDone, status));
        }

        return isDone != 0;
    }

    /// <summary>Ends all processes.</summary>
    public void Abort(int exitCode) => _ = _abort(World, exitCode);

    /// <summary>Leaves; all processes must.</summary>
    public void Leave() => Check(_finalize());

    private void Check(int code)
    {
        if (code != 0)
        {
            byte* text = stackalloc byte[LongestText];
            int length = 0;
            _ = _errorText(code, text, &length);
            string reason = Marshal.PtrToStringUTF8((nint)text, length).Split('\n')[0].TrimEnd('.');
            throw new ProcessLostException(
                $"MPI failed, perhaps because another process has ended: it says '{reason}'.");
        }
    }
}

/// <summary>Another process has ended, or cannot be reached.</summary>
internal sealed class ProcessLostException(string message) : SereException(message);

/// <summary>What the environment says of the launcher that started this process: of mpirun, mpiexec or srun.</summary>
internal static class Launcher
{
    private static readonly string[] OpenMpi = OperatingSystem.IsMacOS()
        ? ["libmpi.40.dylib", "libmpi.dylib"]
        : ["libmpi.so.40", "libmpi.so"];

    private static readonly string[] Mpich = OperatingSystem.IsMacOS()
        ? ["libmpi.12.dylib", "libmpi_abi.0.dylib"]
        : ["libmpi.so.12", "libmpich.so.12", "libmpi_abi.so.0"];

    /// <summary>Whether a launcher started this process, and perhaps others beside it.</summary>
    public static bool StartedSeveral => Rank is not null && Count != 1;

    /// <summary>The place of this process among all; null where no launcher says it.</summary>
    public static int? Rank => First("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK");

    /// <summary>How many processes were started; null where no launcher says it.</summary>
    public static int? Count =>
        First("OMPI_COMM_WORLD_SIZE", "PMI_SIZE") ?? (Rank is null ? null : First("SLURM_STEP_NUM_TASKS"));

    /// <summary>The libraries of MPI, that of the launcher first.</summary>
    public static string[] Libraries =>
        First("PMI_RANK") is not null && First("OMPI_COMM_WORLD_RANK", "PMIX_RANK") is null
            ? [.. Mpich, .. OpenMpi]
            : [.. OpenMpi, .. Mpich];

    private static int? First(params ReadOnlySpan<string> variables)
    {
        foreach (string variable in variables)
        {
            if (int.TryParse(Environment.GetEnvironmentVariable(variable), out int value))
            {
                return value;
            }
        }

        return null;
    }
}
