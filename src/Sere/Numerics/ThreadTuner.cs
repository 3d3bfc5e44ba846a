using TorchSharp;

namespace Sere.Numerics;

/// <summary>
/// Chooses with how many threads to compute, by measuring: at the start of a work of many like pieces, such as training
/// steps, and now and then. On a machine that is busy with other work, threads wait for each other's cores, and fewer can
/// be many times as fast. No figure depends on it: our kernels compute the same bits with any number of threads, and from
/// the first product or convolution on that is libtorch's own, all threads compute.
/// </summary>
public sealed class ThreadTuner
{
    // Of a measurement.
    private const int LeastPieces = 3;
    private const double LeastSeconds = 0.2;

    // From one measurement to the next, and as a multiple of what the last one took.
    private const double LeastPause = 20;
    private const double Pause = 20;

    // A smaller gain is noise; after a larger loss there is nothing more to measure.
    private const double Gain = 1.05;
    private const double Loss = 2;
    private static int _most = 1;
    private static bool _mustBeAll;
    private static Action<int>? _onChange;

    private readonly int _limit;
    private readonly Action<int> _use;
    private readonly Action<int>? _onChoice;
    private IEnumerator<int>? _search;
    private int _best;
    private double _bestRate;
    private int _skipped;
    private int _pieces;
    private double _amount;
    private double _seconds;
    private double _measured;
    private double _waited;

    /// <summary>A tuner of a work that begins with some number of threads.</summary>
    /// <param name="threads">How many compute now.</param>
    /// <param name="limit">How many may.</param>
    /// <param name="use">Is told with how many to compute the next pieces.</param>
    /// <param name="onChoice">Is told the number when another one is chosen; null for nobody.</param>
    internal ThreadTuner(int threads, int limit, Action<int> use, Action<int>? onChoice = null)
    {
        (_best, _limit, _use, _onChoice) = (threads, limit, use, onChoice);
        Begin();

        // The first of all load and compile.
        _skipped = 3;
    }

    private double Rate => _amount / _seconds;

    /// <summary>
    /// From now on, works of the library choose their number of threads, up to the one that libtorch has now: for the whole
    /// process, as that number is.
    /// </summary>
    /// <param name="onChange">Is told the number when another one is chosen; null for nobody.</param>
    public static void ChooseByMeasuring(Action<int>? onChange = null)
    {
        NativeLibraries.EnsureLoaded();
        (_most, _mustBeAll, _onChange) = (torch.get_num_threads(), false, onChange);
    }

    /// <summary>The number of threads, in words.</summary>
    internal static string Description => IsActive ? $"up to {_most} threads" : $"{torch.get_num_threads()} threads";

    /// <summary>Whether numbers of threads are chosen.</summary>
    internal static bool IsActive => _most > 1 && !_mustBeAll;

    /// <summary>A tuner for a work; null where the number of threads is fixed.</summary>
    internal static ThreadTuner? Start() =>
        IsActive ? new ThreadTuner(torch.get_num_threads(), _most, torch.set_num_threads, _onChange) : null;

    /// <summary>What is computed next depends on the number of threads by rounding: from now on it is all of them.</summary>
    internal static void RequireAll()
    {
        if (IsActive)
        {
            _mustBeAll = true;
            torch.set_num_threads(_most);
        }
    }

    /// <summary>Has everything compute with all threads until the result is disposed, for measurements of their own.</summary>
    internal static IDisposable Suspend() => new Suspension();

    /// <summary>A piece of the work is done.</summary>
    /// <param name="amount">How much it was, in any unit.</param>
    /// <param name="seconds">How long it took.</param>
    internal void Took(double amount, double seconds)
    {
        if (_mustBeAll)
        {
            return;
        }

        if (_search is null)
        {
            _waited += seconds;
            if (_waited >= Math.Max(LeastPause, Pause * _measured))
            {
                Begin();
            }

            return;
        }

        _measured += seconds;
        if (_skipped > 0)
        {
            _skipped--;
            return;
        }

        _pieces++;
        _amount += amount;
        _seconds += seconds;
        if ((_pieces >= LeastPieces && _seconds >= LeastSeconds) || Rate * Loss < _bestRate)
        {
            Advance(_search);
        }
    }

    private void Begin()
    {
        (_measured, _bestRate) = (0, 0);
        _search = Search().GetEnumerator();
        Advance(_search);
    }

    private void Advance(IEnumerator<int> search)
    {
        int before = _best;
        int threads = search.MoveNext() ? search.Current : 0;
        if (threads == 0)
        {
            (_search, _waited, threads) = (null, 0, _best);
        }

        // The first piece with another number of threads pays for making them.
        (_skipped, _pieces, _amount, _seconds) = (1, 0, 0, 0);
        _use(threads);
        if (_best != before)
        {
            _onChoice?.Invoke(_best);
        }
    }

    /// <summary>The numbers of threads to measure, one after the other: half or twice as many, as long as it pays.</summary>
    private IEnumerable<int> Search()
    {
        yield return _best;
        _bestRate = Rate;
        int before = _best;
        foreach (bool isFewer in (bool[])[true, false])
        {
            while (_best == before || isFewer == _best < before)
            {
                int next = isFewer ? _best / 2 : Math.Min(2 * _best, _limit);
                if (next == 0 || next == _best)
                {
                    break;
                }

                yield return next;
                if (Rate < Gain * _bestRate)
                {
                    break;
                }

                (_best, _bestRate) = (next, Rate);
            }
        }
    }

    private sealed class Suspension : IDisposable
    {
        private readonly int _threads = torch.get_num_threads();
        private readonly int _limit = _most;

        public Suspension()
        {
            torch.set_num_threads(_limit > 1 ? _limit : _threads);
            _most = 1;
        }

        public void Dispose()
        {
            _most = _limit;
            torch.set_num_threads(_threads);
        }
    }
}
