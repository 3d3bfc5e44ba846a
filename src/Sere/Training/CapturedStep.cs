using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Sere.Numerics;
using TorchSharp;

namespace Sere.Training;

/// <summary>
/// Training steps on a CUDA device: inputs are drawn ahead by several threads, and what a step does runs as one graph once
/// it has run by itself a few times. Nothing is read from the device until <see cref="Read"/>.
/// </summary>
internal sealed class CapturedStep : IDisposable
{
    private const int WarmUps = 4;
    private const int MostPending = 32;
    private readonly Func<StepInputs, torch.Tensor, torch.Tensor> _body;
    private readonly Action<string> _remark;
    private readonly torch.Device _device;
    private readonly InputStaging _staging;
    private readonly Dictionary<long, BatchSize> _sizes = [];
    private readonly List<(torch.Tensor Report, long Images)> _pending = [];
    private bool _captures;
    private bool _hasRemarked;

    /// <summary>Steps on a device.</summary>
    /// <param name="staging">Gives the inputs.</param>
    /// <param name="body">From inputs on the device, and what the step is told, to its report, float64 [R].</param>
    /// <param name="captures">Whether graphs are wanted.</param>
    /// <param name="device">The device.</param>
    /// <param name="remark">Is told once why steps run by themselves.</param>
    public CapturedStep(
        InputStaging staging,
        Func<StepInputs, torch.Tensor, torch.Tensor> body,
        bool captures,
        torch.Device device,
        Action<string> remark)
    {
        (_staging, _body, _captures, _device, _remark) = (staging, body, captures, device, remark);
        if (captures && CudaGraph.Failure is { } failure)
        {
            (_captures, _hasRemarked) = (false, true);
            remark($"Training steps are not captured as a CUDA graph: {failure}.");
        }
    }

    /// <summary>Steps that were begun and not read.</summary>
    public int Pending => _pending.Count;

    /// <summary>Whether they are to be read before another is begun.</summary>
    public bool MustRead => _pending.Count >= Math.Min(MostPending, _staging.Slots / 2);

    /// <summary>Kernels and copies of the graph of a whole batch; null where there is none.</summary>
    public long? Nodes => _sizes.Values.Where(size => size.Graph is not null).MaxBy(size => size.Inputs.Count)?.Graph!.Nodes;

    /// <summary>Milliseconds of that graph alone, on the last inputs; null where there is none.</summary>
    public double? GraphMilliseconds(int replays)
    {
        if (_sizes.Values.Where(size => size.Graph is not null).MaxBy(size => size.Inputs.Count)?.Graph is not { } graph)
        {
            return null;
        }

        torch.cuda.synchronize();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < replays; i++)
        {
            graph.Replay();
        }

        torch.cuda.synchronize();
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds / replays;
    }

    /// <summary>Has this thread compute where graphs can be captured, until the result is disposed.</summary>
    public IDisposable? UseStream() => CudaGraph.Failure is null ? CudaGraph.UseStream() : null;

    /// <summary>Begins a step.</summary>
    /// <param name="epoch">Its epoch.</param>
    /// <param name="step">Its number in the epoch.</param>
    /// <param name="told">What it is told, as float64 numbers.</param>
    public void Begin(int epoch, int step, ReadOnlySpan<double> told)
    {
        var staged = _staging.Take(epoch, step, told);
        if (!_sizes.TryGetValue(staged.Inputs.Count, out var size))
        {
            size = new BatchSize(staged, _device);
            _sizes.Add(staged.Inputs.Count, size);
        }

        size.Fill(staged);
        Run(size);
        using var scope = torch.NewDisposeScope();
        _pending.Add((size.Report!.clone().DetachFromDisposeScope(), staged.Inputs.Count));
    }

    /// <summary>Waits for all steps that were begun: what each reports, and its images.</summary>
    public IReadOnlyList<(double[] Report, long Images)> Read()
    {
        if (_pending.Count == 0)
        {
            return [];
        }

        using var scope = torch.NewDisposeScope();
        double[] all = [.. torch.cat([.. _pending.Select(pending => pending.Report)]).cpu().data<double>()];
        int length = all.Length / _pending.Count;
        var result = _pending.Select((pending, i) => (all[(i * length)..((i + 1) * length)], pending.Images)).ToArray();
        foreach (var (report, _) in _pending)
        {
            report.Dispose();
        }

        _pending.Clear();
        _staging.ReleaseTaken();
        return result;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _staging.Dispose();
        foreach (var size in _sizes.Values)
        {
            size.Dispose();
        }

        foreach (var (report, _) in _pending)
        {
            report.Dispose();
        }
    }

    private void Run(BatchSize size)
    {
        if (size.Graph is { } graph)
        {
            graph.Replay();
            return;
        }

        RunBody(size);
        if (_captures && ++size.Runs == WarmUps)
        {
            try
            {
                size.Graph = CudaGraph.Capture(() => RunBody(size));
            }
            catch (SereException exception)
            {
                _captures = false;
                if (!_hasRemarked)
                {
                    _hasRemarked = true;
                    _remark($"Training steps are not captured as a CUDA graph: {exception.Message}.");
                }
            }
        }
    }

    private void RunBody(BatchSize size)
    {
        using var scope = torch.NewDisposeScope();
        var report = _body(size.Inputs, size.Told);
        size.Report ??= torch.zeros_like(report).DetachFromDisposeScope();
        using var noGrad = torch.no_grad();
        size.Report.copy_(report);
    }

    /// <summary>What steps of so many images share: inputs and report at fixed places, and the graph.</summary>
    private sealed class BatchSize : IDisposable
    {
        public BatchSize(StagedInputs staged, torch.Device device)
        {
            using var scope = torch.NewDisposeScope();
            Inputs = staged.Inputs.Select(tensor => torch.empty_like(tensor, device: device).DetachFromDisposeScope());
            Told = torch.empty_like(staged.Told, device: device).DetachFromDisposeScope();
        }

        public StepInputs Inputs { get; }

        public torch.Tensor Told { get; }

        public torch.Tensor? Report { get; set; }

        public int Runs { get; set; }

        public CudaGraph? Graph { get; set; }

        public void Fill(StagedInputs staged)
        {
            using var noGrad = torch.no_grad();
            foreach (var (target, source) in Inputs.Tensors.Append(Told).Zip(staged.Inputs.Tensors.Append(staged.Told)))
            {
                target.copy_(source, true);
            }
        }

        public void Dispose()
        {
            Graph?.Dispose();
            Report?.Dispose();
            foreach (var tensor in Inputs.Tensors.Append(Told))
            {
                tensor.Dispose();
            }
        }
    }
}

/// <summary>The inputs of a step where a device can fetch them, and what the step is told.</summary>
/// <param name="Inputs">What it draws.</param>
/// <param name="Told">float64 [T].</param>
internal sealed record StagedInputs(StepInputs Inputs, torch.Tensor Told);

/// <summary>
/// Draws the inputs of steps ahead, on several threads and into memory that is used again. What a step gets is a function of
/// its epoch and number, whichever thread draws it and when.
/// </summary>
internal sealed class InputStaging : IDisposable
{
    // Together at most.
    private const long Bytes = 512 << 20;
    private const int MostSlots = 96;
    private const int MostThreads = 12;
    private readonly Func<int, int, StepInputs?, StepInputs> _draw;
    private readonly int _stepsPerEpoch;
    private readonly bool _isPinned;
    private readonly int _toldSize;
    private readonly object _lock = new();
    private readonly Thread[] _threads;
    private readonly Dictionary<(int Slot, long Count), StagedInputs> _memory = [];
    private readonly Dictionary<long, StagedInputs> _ready = [];
    private Exception? _failure;
    private long _next;
    private long _taken;
    private long _released;
    private int _drawing;
    private bool _isMoving;
    private bool _isDisposed;

    /// <summary>Begins to draw when the first step is taken.</summary>
    /// <param name="draw">The inputs of a step of an epoch, into given memory or new.</param>
    /// <param name="stepsPerEpoch">Steps of an epoch.</param>
    /// <param name="toldSize">Numbers that a step is told.</param>
    /// <param name="stepBytes">Bytes of the inputs of a step.</param>
    /// <param name="isPinned">Whether the memory is to be one that a CUDA device fetches from by itself.</param>
    /// <param name="threads">How many draw; null for as many as there are processors, but two.</param>
    public InputStaging(
        Func<int, int, StepInputs?, StepInputs> draw,
        int stepsPerEpoch,
        int toldSize,
        long stepBytes,
        bool isPinned,
        int? threads = null)
    {
        (_draw, _stepsPerEpoch, _toldSize, _isPinned) = (draw, stepsPerEpoch, toldSize, isPinned);
        Slots = (int)Math.Clamp(Bytes / Math.Max(1, stepBytes), 4, MostSlots);
        _threads =
        [
            .. Enumerable.Range(0, Math.Min(threads ?? Math.Max(1, Environment.ProcessorCount - 2), MostThreads))
                .Select(_ => new Thread(Work) { IsBackground = true, Name = "inputs of training steps" }),
        ];
    }

    /// <summary>Steps whose inputs are held at once, taken ones that are not released included.</summary>
    public int Slots { get; }

    /// <summary>The inputs of a step; they stay as they are until they are released.</summary>
    public StagedInputs Take(int epoch, int step, ReadOnlySpan<double> told)
    {
        long wanted = ((long)epoch * _stepsPerEpoch) + step;
        StagedInputs staged;
        lock (_lock)
        {
            if (wanted != _taken)
            {
                // Another place than the one that was drawn for: what is being drawn is of no use.
                _isMoving = true;
                while (_drawing > 0 && _failure is null)
                {
                    Monitor.Wait(_lock);
                }

                _isMoving = false;
                _ready.Clear();
                _taken = _released = _next = wanted;
            }

            foreach (var thread in _threads.Where(thread => thread.ThreadState.HasFlag(System.Threading.ThreadState.Unstarted)))
            {
                thread.Start();
            }

            Monitor.PulseAll(_lock);
            while (!_ready.ContainsKey(wanted))
            {
                if (_failure is ExternalException)
                {
                    // Native code's own, which a run knows what to do about.
                    ExceptionDispatchInfo.Throw(_failure);
                }

                if (_failure is not null)
                {
                    throw new InvalidOperationException("The inputs of a training step could not be drawn.", _failure);
                }

                Monitor.Wait(_lock);
            }

            _ready.Remove(wanted, out staged!);
            _taken++;
        }

        told.CopyTo(MemoryMarshal.Cast<byte, double>(staged.Told.bytes));
        return staged;
    }

    /// <summary>The device has fetched all that was taken.</summary>
    public void ReleaseTaken()
    {
        lock (_lock)
        {
            _released = _taken;
            Monitor.PulseAll(_lock);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            Monitor.PulseAll(_lock);
        }

        foreach (var thread in _threads.Where(thread => thread.IsAlive))
        {
            thread.Join();
        }

        foreach (var tensor in _memory.Values.SelectMany(staged => staged.Inputs.Tensors.Append(staged.Told)))
        {
            tensor.Dispose();
        }
    }

    private void Work()
    {
        try
        {
            using var noGrad = torch.no_grad();
            while (true)
            {
                long ticket;
                lock (_lock)
                {
                    while (!_isDisposed && (_isMoving || _next >= _released + Slots))
                    {
                        Monitor.Wait(_lock);
                    }

                    if (_isDisposed)
                    {
                        return;
                    }

                    ticket = _next++;
                    _drawing++;
                }

                var staged = Draw(ticket);
                lock (_lock)
                {
                    _drawing--;
                    _ready.Add(ticket, staged);
                    Monitor.PulseAll(_lock);
                }
            }
        }
        catch (Exception exception)
        {
            lock (_lock)
            {
                _failure = exception;
                _drawing--;
                Monitor.PulseAll(_lock);
            }
        }
    }

    private StagedInputs Draw(long ticket)
    {
        int epoch = (int)(ticket / _stepsPerEpoch);
        int step = (int)(ticket % _stepsPerEpoch);
        bool isLast = step == _stepsPerEpoch - 1;
        (int, long) place = ((int)(ticket % Slots), isLast ? 1 : 0);
        StagedInputs? memory;
        lock (_memory)
        {
            _memory.TryGetValue(place, out memory);
        }

        if (memory is not null)
        {
            _draw(epoch, step, memory.Inputs);
            return memory;
        }

        var inputs = _draw(epoch, step, null).Select(Keep);
        memory = new StagedInputs(inputs, Keep(torch.zeros(_toldSize, torch.ScalarType.Float64)));
        lock (_memory)
        {
            _memory[place] = memory;
        }

        return memory;
    }

    private torch.Tensor Keep(torch.Tensor tensor)
    {
        if (!_isPinned)
        {
            return tensor;
        }

        using (tensor)
        {
            return tensor.pin_memory();
        }
    }
}
