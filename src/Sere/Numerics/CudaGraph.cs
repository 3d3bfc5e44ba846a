using System.Runtime.InteropServices;
using TorchSharp;

namespace Sere.Numerics;

/// <summary>
/// What a CUDA device did once, to be done again by one launch: libtorch's own graph and streams, by their exported C++
/// names, whose arguments all fit into registers. A C++ exception through them would end the process: what is captured
/// has run before.
/// </summary>
internal sealed unsafe class CudaGraph : IDisposable
{
    // Larger than libtorch's object, which its constructor fills.
    private const int ObjectBytes = 1 << 16;
    private const int RelaxedCapture = 2;
    private static readonly Lazy<(Symbols? Symbols, string? Failure)> Native = new(Find);
    private readonly Symbols _symbols;
    private readonly nint _graph;

    private CudaGraph(Symbols symbols)
    {
        _symbols = symbols;
        _graph = Marshal.AllocHGlobal(ObjectBytes);
        new Span<byte>((void*)_graph, ObjectBytes).Clear();
        symbols.Construct(_graph, 1);
    }

    /// <summary>Why nothing can be captured here, as the end of a sentence; null where it can.</summary>
    public static string? Failure => Native.Value.Failure;

    /// <summary>Kernels and copies of the graph.</summary>
    public long Nodes { get; private set; }

    /// <summary>
    /// Has this thread compute on a stream of its own, which a capture needs, until the result is disposed. Work before
    /// and after waits for each other.
    /// </summary>
    public static IDisposable UseStream() => new StreamScope(Native.Value.Symbols!);

    /// <summary>Captures what <paramref name="work"/> does, without doing it. It must have run on this stream before.</summary>
    /// <exception cref="SereException">Something of it cannot be captured.</exception>
    public static CudaGraph Capture(Action work)
    {
        // Finalizers that free memory have run, and will not during the capture.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        torch.cuda.synchronize();
        var symbols = Native.Value.Symbols!;
        var graph = new CudaGraph(symbols);
        symbols.Begin(graph._graph, 0, 0, RelaxedCapture);
        try
        {
            work();
        }
        catch (Exception exception) when (exception is ExternalException or InvalidOperationException or SereException)
        {
            // libtorch's own end of a capture would throw.
            nint broken = 0;
            nint stream = 0;
            symbols.CurrentStream(0, &stream);
            symbols.EndBroken(stream, &broken);
            throw new SereException(exception.Message.Split('\n')[0].TrimEnd('.'), exception);
        }

        symbols.End(graph._graph);
        nuint nodes = 0;
        symbols.GetNodes(symbols.Raw(graph._graph), null, &nodes);
        graph.Nodes = (long)nodes;
        symbols.Instantiate(graph._graph);
        return graph;
    }

    /// <summary>Does it all again.</summary>
    public void Replay() => _symbols.Replay(_graph);

    /// <inheritdoc/>
    public void Dispose()
    {
        torch.cuda.synchronize();
        _symbols.Reset(_graph);
    }

    private static (Symbols? Symbols, string? Failure) Find()
    {
        try
        {
            return (new Symbols(), null);
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException or SereException)
        {
            return (null, exception.Message.TrimEnd('.'));
        }
    }

    /// <summary>libtorch's functions.</summary>
    private sealed class Symbols
    {
        public readonly delegate* unmanaged<byte, sbyte, Stream> StreamFromPool;
        public readonly delegate* unmanaged<Stream, void> SetStream;
        public readonly delegate* unmanaged<sbyte, Stream> DefaultStream;
        public readonly delegate* unmanaged<int, nint*, int> CurrentStream;
        public readonly delegate* unmanaged<nint, byte, void> Construct;
        public readonly delegate* unmanaged<nint, ulong, ulong, int, void> Begin;
        public readonly delegate* unmanaged<nint, void> End;
        public readonly delegate* unmanaged<nint, void> Instantiate;
        public readonly delegate* unmanaged<nint, void> Replay;
        public readonly delegate* unmanaged<nint, void> Reset;
        public readonly delegate* unmanaged<nint, nint> Raw;
        public readonly delegate* unmanaged<nint, void*, nuint*, int> GetNodes;
        public readonly delegate* unmanaged<nint, nint*, int> EndBroken;

        public Symbols()
        {
            nint torch = CudaLibraries.Torch;
            nint streams = CudaLibraries.Streams;
            nint runtime = CudaLibraries.Runtime;
            StreamFromPool = (delegate* unmanaged<byte, sbyte, Stream>)
                NativeLibrary.GetExport(streams, "_ZN3c104cuda17getStreamFromPoolEba");
            SetStream = (delegate* unmanaged<Stream, void>)
                NativeLibrary.GetExport(streams, "_ZN3c104cuda20setCurrentCUDAStreamENS0_10CUDAStreamE");
            DefaultStream = (delegate* unmanaged<sbyte, Stream>)
                NativeLibrary.GetExport(streams, "_ZN3c104cuda20getDefaultCUDAStreamEa");
            CurrentStream = (delegate* unmanaged<int, nint*, int>)
                NativeLibrary.GetExport(torch, "aoti_torch_get_current_cuda_stream");
            Construct = (delegate* unmanaged<nint, byte, void>)NativeLibrary.GetExport(torch, "_ZN2at4cuda9CUDAGraphC1Eb");
            Begin = (delegate* unmanaged<nint, ulong, ulong, int, void>)NativeLibrary.GetExport(
                torch, "_ZN2at4cuda9CUDAGraph13capture_beginESt4pairIyyE21cudaStreamCaptureMode");
            End = (delegate* unmanaged<nint, void>)NativeLibrary.GetExport(torch, "_ZN2at4cuda9CUDAGraph11capture_endEv");
            Instantiate = (delegate* unmanaged<nint, void>)
                NativeLibrary.GetExport(torch, "_ZN2at4cuda9CUDAGraph11instantiateEv");
            Replay = (delegate* unmanaged<nint, void>)NativeLibrary.GetExport(torch, "_ZN2at4cuda9CUDAGraph6replayEv");
            Reset = (delegate* unmanaged<nint, void>)NativeLibrary.GetExport(torch, "_ZN2at4cuda9CUDAGraph5resetEv");
            Raw = (delegate* unmanaged<nint, nint>)
                NativeLibrary.GetExport(torch, "_ZN2at4cuda9CUDAGraph14raw_cuda_graphEv");
            GetNodes = (delegate* unmanaged<nint, void*, nuint*, int>)NativeLibrary.GetExport(runtime, "cudaGraphGetNodes");
            EndBroken = (delegate* unmanaged<nint, nint*, int>)NativeLibrary.GetExport(runtime, "cudaStreamEndCapture");
        }
    }

    /// <summary>libtorch's name of a stream, which is passed in two registers.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Stream
    {
        public readonly ulong Device;
        public readonly long Id;
    }

    private sealed class StreamScope : IDisposable
    {
        // One stream for all: what one run has freed on it the next can use.
        private static Stream? _own;
        private readonly Symbols _symbols;

        public StreamScope(Symbols symbols)
        {
            _symbols = symbols;
            torch.cuda.synchronize();
            _own ??= symbols.StreamFromPool(0, 0);
            symbols.SetStream(_own.Value);
        }

        public void Dispose()
        {
            torch.cuda.synchronize();
            _symbols.SetStream(_symbols.DefaultStream(0));
        }
    }
}
