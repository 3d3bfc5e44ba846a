using System.Runtime.InteropServices;
using System.Text;
using TorchSharp;

namespace Sere.Numerics;

/// <summary>
/// What TorchSharp does not bind of a CUDA device: kernels that are compiled at run time by NVRTC, the library beside
/// every CUDA libtorch, and launched through the driver's C interface on libtorch's current stream.
/// </summary>
internal sealed unsafe class CudaDriver
{
    private const int MajorCapability = 75;
    private const int MinorCapability = 76;
    private const int LargestDynamicShared = 8;
    private const int SharedOfBlock = 97;
    private const int SharedWithoutAsking = 48 << 10;
    private static readonly Lazy<(CudaDriver? Driver, string? Failure)> Shared = new(Open);
    private readonly delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> _launch;
    private readonly delegate* unmanaged<nint, int, int, int> _setAttribute;
    private readonly delegate* unmanaged<nint*, nint, byte*, int> _getFunction;
    private readonly delegate* unmanaged<int, nint*, int> _currentStream;
    private readonly Dictionary<string, nint> _functions = [];
    private nint _module;

    private CudaDriver()
    {
        nint cuda = Load(["libcuda.so.1", "nvcuda.dll"], "the CUDA driver");
        nint torch = CudaLibraries.Torch;
        _launch = (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)
            NativeLibrary.GetExport(cuda, "cuLaunchKernel");
        _setAttribute = (delegate* unmanaged<nint, int, int, int>)NativeLibrary.GetExport(cuda, "cuFuncSetAttribute");
        _getFunction = (delegate* unmanaged<nint*, nint, byte*, int>)NativeLibrary.GetExport(cuda, "cuModuleGetFunction");
        _currentStream = (delegate* unmanaged<int, nint*, int>)
            NativeLibrary.GetExport(torch, "aoti_torch_get_current_cuda_stream");
        int shared;
        Check(
            ((delegate* unmanaged<int*, int, int, int>)NativeLibrary.GetExport(cuda, "cuDeviceGetAttribute"))(
                &shared, SharedOfBlock, 0),
            "The device could not be asked");
        MostShared = shared;
        byte[] binary = Compile(cuda);
        nint module;
        fixed (byte* image = binary)
        {
            Check(
                ((delegate* unmanaged<nint*, byte*, int>)NativeLibrary.GetExport(cuda, "cuModuleLoadData"))(&module, image),
                "The kernels could not be loaded");
        }

        _module = module;
    }

    /// <summary>The driver with our kernels; null where they cannot be had.</summary>
    public static CudaDriver? Instance => Shared.Value.Driver;

    /// <summary>Bytes of shared memory that a block may have.</summary>
    public int MostShared { get; }

    /// <summary>Why there is none, as the end of a sentence; null where there is one.</summary>
    public static string? Failure => Shared.Value.Failure;

    /// <summary>The name of the device.</summary>
    public static string DeviceName
    {
        get
        {
            byte* name = stackalloc byte[256];
            nint cuda = Load(["libcuda.so.1", "nvcuda.dll"], "the CUDA driver");
            Check(
                ((delegate* unmanaged<byte*, int, int, int>)NativeLibrary.GetExport(cuda, "cuDeviceGetName"))(name, 256, 0),
                "The device could not be asked for its name");
            return Marshal.PtrToStringUTF8((nint)name)!;
        }
    }

    /// <summary>Launches a kernel on the current stream.</summary>
    /// <param name="kernel">Its name in the .cu files.</param>
    /// <param name="blocks">Blocks of threads.</param>
    /// <param name="threads">Threads of a block.</param>
    /// <param name="shared">Bytes of shared memory beside the kernel's own.</param>
    /// <param name="arguments">What it takes, in order.</param>
    /// <exception cref="SereException">The driver refuses.</exception>
    public void Launch(
        string kernel, (long X, long Y, long Z) blocks, (int X, int Y) threads, int shared, params ReadOnlySpan<CudaArgument> arguments)
    {
        ulong* values = stackalloc ulong[arguments.Length];
        void** pointers = stackalloc void*[arguments.Length];
        for (int i = 0; i < arguments.Length; i++)
        {
            values[i] = arguments[i].Value;
            pointers[i] = arguments[i].Block == 0 ? values + i : (void*)arguments[i].Block;
        }

        nint function = Function(kernel);
        if (shared > SharedWithoutAsking)
        {
            Check(_setAttribute(function, LargestDynamicShared, shared), $"The kernel {kernel} takes too much shared memory");
        }

        nint stream;
        Check(_currentStream(0, &stream), "The current stream could not be asked for");
        Check(
            _launch(
                function, (uint)blocks.X, (uint)blocks.Y, (uint)blocks.Z, (uint)threads.X, (uint)threads.Y, 1, (uint)shared, stream, pointers,
                null),
            $"The kernel {kernel} could not be launched");
        foreach (var argument in arguments)
        {
            GC.KeepAlive(argument.Tensor);
        }
    }

    private static (CudaDriver? Driver, string? Failure) Open()
    {
        try
        {
            return torch.cuda.is_available() ? (new CudaDriver(), null) : (null, "there is no CUDA device");
        }
        catch (Exception exception) when (exception is DllNotFoundException or EntryPointNotFoundException or SereException)
        {
            return (null, exception.Message.TrimEnd('.'));
        }
    }

    private static nint Load(IEnumerable<string> names, string what)
    {
        foreach (string name in names)
        {
            if (NativeLibrary.TryLoad(name, out nint library))
            {
                return library;
            }
        }

        throw new SereException($"{what} was not found.");
    }

    private static void Check(int error, string what)
    {
        if (error != 0)
        {
            throw new SereException($"{what}: error {error} of CUDA.");
        }
    }

    private static string Source()
    {
        var assembly = typeof(CudaDriver).Assembly;
        string[] names = [.. assembly.GetManifestResourceNames().Where(name => name.EndsWith(".cu", StringComparison.Ordinal))];
        var source = new StringBuilder();

        // What others share comes first.
        string[] shared = ["Common.cu", "PerceptronLayer.cu", "ChainStep.cu"];
        foreach (string name in names.OrderBy(name => Array.IndexOf(shared, name) is var at and >= 0 ? at : shared.Length)
            .ThenBy(name => name, StringComparer.Ordinal))
        {
            using var file = assembly.GetManifestResourceStream(name)!;
            byte[] text = new byte[file.Length];
            file.ReadExactly(text);
            source.AppendLine(Encoding.UTF8.GetString(text));
        }

        return source.ToString();
    }

    private static byte[] Compile(nint cuda)
    {
        nint compiler = Load(CudaLibraries.Compilers(), "NVRTC, which compiles kernels (libnvrtc.so.13 or .12),");
        var attribute = (delegate* unmanaged<int*, int, int, int>)NativeLibrary.GetExport(cuda, "cuDeviceGetAttribute");
        int major, minor;
        Check(attribute(&major, MajorCapability, 0) | attribute(&minor, MinorCapability, 0), "The device could not be asked");
        byte[] source = Encoding.UTF8.GetBytes(Source() + '\0');
        byte[] name = Encoding.UTF8.GetBytes("sere.cu\0");
        byte[] architecture = Encoding.UTF8.GetBytes($"--gpu-architecture=sm_{major}{minor}\0");
        byte[] standard = Encoding.UTF8.GetBytes("--std=c++17\0");
        nint program;
        fixed (byte* text = source, file = name, first = architecture, second = standard)
        {
            Check(
                ((delegate* unmanaged<nint*, byte*, byte*, int, byte**, byte**, int>)
                    NativeLibrary.GetExport(compiler, "nvrtcCreateProgram"))(&program, text, file, 0, null, null),
                "NVRTC could not begin");
            byte** options = stackalloc byte*[] { first, second };
            int error = ((delegate* unmanaged<nint, int, byte**, int>)
                NativeLibrary.GetExport(compiler, "nvrtcCompileProgram"))(program, 2, options);
            if (error != 0)
            {
                throw new SereException(
                    $"NVRTC could not compile the kernels (error {error}): {Encoding.UTF8.GetString(Result(compiler, program, "ProgramLog"))}");
            }
        }

        byte[] binary = Result(compiler, program, "CUBIN");
        ((delegate* unmanaged<nint*, int>)NativeLibrary.GetExport(compiler, "nvrtcDestroyProgram"))(&program);
        return binary;
    }

    private static byte[] Result(nint compiler, nint program, string what)
    {
        nuint size;
        Check(
            ((delegate* unmanaged<nint, nuint*, int>)NativeLibrary.GetExport(compiler, $"nvrtcGet{what}Size"))(program, &size),
            "NVRTC gave no result");
        byte[] result = new byte[(int)size];
        fixed (byte* target = result)
        {
            Check(
                ((delegate* unmanaged<nint, byte*, int>)NativeLibrary.GetExport(compiler, $"nvrtcGet{what}"))(program, target),
                "NVRTC gave no result");
        }

        return result;
    }

    private nint Function(string kernel)
    {
        lock (_functions)
        {
            if (!_functions.TryGetValue(kernel, out nint function))
            {
                byte[] name = Encoding.UTF8.GetBytes(kernel + '\0');
                fixed (byte* text = name)
                {
                    Check(_getFunction(&function, _module, text), $"There is no kernel {kernel}");
                }

                _functions.Add(kernel, function);
            }

            return function;
        }
    }
}

/// <summary>An argument of a kernel: the memory of a tensor, a number, or a block of memory that is copied.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly unsafe struct CudaArgument
{
    /// <summary>The bits of a pointer or a number.</summary>
    public ulong Value { get; private init; }

    /// <summary>Where a block lies that the launch copies; else 0.</summary>
    public nint Block { get; private init; }

    /// <summary>What must live until the launch.</summary>
    public torch.Tensor? Tensor { get; private init; }

    /// <summary>The first number of a tensor, null for none.</summary>
    public static implicit operator CudaArgument(torch.Tensor? tensor) =>
        new() { Value = (ulong)CudaMemory.Of(tensor), Tensor = tensor };

    /// <summary>A whole number.</summary>
    public static implicit operator CudaArgument(int number) => new() { Value = (uint)number };

    /// <summary>A long whole number.</summary>
    public static implicit operator CudaArgument(long number) => new() { Value = (ulong)number };

    /// <summary>A float32 number.</summary>
    public static implicit operator CudaArgument(float number) => new() { Value = BitConverter.SingleToUInt32Bits(number) };

    /// <summary>A float64 number.</summary>
    public static implicit operator CudaArgument(double number) => new() { Value = BitConverter.DoubleToUInt64Bits(number) };

    /// <summary>A structure, which must not move before the launch.</summary>
    public static CudaArgument Of<T>(T* structure)
        where T : unmanaged => new() { Block = (nint)structure };
}

/// <summary>The memory of tensors on a CUDA device.</summary>
internal static partial class CudaMemory
{
    /// <summary>The first number of a tensor; 0 for none.</summary>
    public static nint Of(torch.Tensor? tensor) => tensor is null ? 0 : Data(tensor.Handle);

    /// <summary>Bytes of the device that nobody holds; null where the driver does not say.</summary>
    public static unsafe long? Free()
    {
        nuint free = 0, total = 0;
        return NativeLibrary.TryLoad("libcuda.so.1", out nint cuda)
            && NativeLibrary.TryGetExport(cuda, "cuMemGetInfo_v2", out nint ask)
            && ((delegate* unmanaged<nuint*, nuint*, int>)ask)(&free, &total) == 0
            ? (long)free : null;
    }

    [LibraryImport("LibTorchSharp", EntryPoint = "THSTensor_data")]
    private static partial nint Data(nint handle);
}

/// <summary>The rows of a tensor [..., N] on a CUDA device, whose numbers lie side by side: a part of wider rows, too.</summary>
internal sealed class CudaRows
{
    /// <summary>The rows of a tensor.</summary>
    /// <param name="tensor">Its rows follow each other at equal distances.</param>
    public CudaRows(torch.Tensor tensor)
    {
        long[] shape = tensor.shape;
        Tensor = tensor;
        Count = tensor.numel() / shape[^1];
        Stride = shape.Length == 1 ? 0 : tensor.stride(shape.Length - 2);
    }

    /// <summary>The tensor.</summary>
    public torch.Tensor Tensor { get; }

    /// <summary>Number of rows.</summary>
    public long Count { get; }

    /// <summary>Numbers from a row to the next.</summary>
    public long Stride { get; }
}
