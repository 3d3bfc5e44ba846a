using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Sere.Cli;

/// <summary>
/// The signals that ask to stop: Ctrl-C, SIGTERM, SIGHUP of a terminal that closes, and SIGUSR1, with which a batch system
/// warns. A command that listens saves and ends, and only a second Ctrl-C ends it before it has; one that does not listen
/// is ended by the signal.
/// </summary>
/// <param name="Listen">From now on what asks to stop cancels the token that it gives.</param>
internal sealed record Interruption(Func<CancellationToken> Listen)
{
    // One Ctrl-C, or one SIGTERM to a group, may come twice: to the process, and from the parent that hands it on.
    private static readonly TimeSpan Echo = TimeSpan.FromSeconds(2);

    // Held until the process ends: a signal that is on its way when they go would end it with another exit code.
    private static readonly List<PosixSignalRegistration> Registrations = [];
    private static readonly CancellationTokenSource Stopping = new();
    private static bool _isListening;
    private static long _first;

    public static Interruption OfProcess()
    {
        // Of a file that would grow beyond its limit the write itself says so, if the signal does not end the process first.
        const PosixSignal SIGXFSZ = (PosixSignal)25;
        if (!OperatingSystem.IsWindows())
        {
            Registrations.Add(PosixSignalRegistration.Create(SIGXFSZ, context => context.Cancel = true));
        }

        return new Interruption(ListenToSignals);
    }

    private static CancellationToken ListenToSignals()
    {
        if (!_isListening)
        {
            _isListening = true;
            PosixSignal[] signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP, .. UserSignal()];
            Registrations.AddRange(signals.Select(signal => PosixSignalRegistration.Create(signal, Stop)));
        }

        return Stopping.Token;
    }

    /// <summary>SIGUSR1, which .NET has no name for, by its number on this system.</summary>
    private static PosixSignal[] UserSignal() =>
        OperatingSystem.IsLinux() ? [(PosixSignal)10] : OperatingSystem.IsMacOS() ? [(PosixSignal)30] : [];

    private static void Stop(PosixSignalContext context)
    {
        bool isFirst = Interlocked.CompareExchange(ref _first, Stopwatch.GetTimestamp(), 0) == 0;
        context.Cancel = isFirst || context.Signal != PosixSignal.SIGINT || Stopwatch.GetElapsedTime(_first) < Echo;
        if (isFirst)
        {
            Stopping.Cancel();
        }
    }
}
