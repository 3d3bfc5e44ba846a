using System.Runtime.InteropServices;

namespace Sere.Cli;

/// <summary>
/// Ctrl-C and SIGTERM. A command that listens is asked to stop and to save; one that does not is ended by the signal, and
/// so is one that is signalled a second time.
/// </summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    /// <summary>From now on a signal cancels the token.</summary>
    public CancellationToken Listen()
    {
        if (_registrations.Count == 0)
        {
            _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop));
            _registrations.Add(PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop));
        }

        return _source.Token;
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }

        _source.Dispose();
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = !_source.IsCancellationRequested;
        _source.Cancel();
    }
}
